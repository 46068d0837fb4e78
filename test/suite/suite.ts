/**
 * The one suite of training that every backend passes: what is trained, differentiated and compared, wherever
 * JavaScript runs. Nothing here knows Node, a page or a test runner.
 *
 * The reference is PyTorch where its numbers are at hand (test/oracle). Everything else is compared with the repaired
 * `cpu` backend in the same run: it computes each kernel in plain loops, other tests hold it to PyTorch and to finite
 * differences, and no file of numbers has to be made anew when a case changes.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {gradientCases} from '../backend/gradientCases';
import type {GradientCase} from '../backend/gradientCases';
import {gradientTensors} from '../backend/numericGradient';
import {trainedModels} from './models';
import {distance, read} from './numbers';
import {torchCases} from './torch';
import {train} from './train';

/** What is expected of every backend: the largest relative difference. */
export const TOLERANCE = 1e-4;

/** One result, as lists of numbers; computed on the active backend. */
export interface SuiteCase {
  readonly name: string;
  readonly compute: () => Promise<readonly ArrayLike<number>[]>;
  /** What comes out, where somebody else has computed it. */
  readonly expected?: readonly ArrayLike<number>[];
}

/** A function's value and its gradients for all inputs. */
async function differentiate(testCase: GradientCase): Promise<ArrayLike<number>[]> {
  return read(tf.tidy((): Tensor[] => gradientTensors(testCase)));
}

export const suite: readonly SuiteCase[] = [
  ...torchCases,
  ...gradientCases.map(testCase => ({
    name: `gradient of ${testCase.name}`,
    compute: () => differentiate(testCase),
  })),
  ...trainedModels.map(model => ({name: model.name, compute: () => train(model)})),
];

/**
 * How far a backend is from what is expected of a case.
 *
 * @param backend the name of the backend in tfjs, `Backend.tfjsName`; it stays the active one
 * @param reference that of the repaired `cpu` backend
 */
export async function compare(testCase: SuiteCase, backend: string, reference: string): Promise<number> {
  let {expected} = testCase;
  if (expected === undefined) {
    await tf.setBackend(reference);
    expected = await testCase.compute();
  }
  await tf.setBackend(backend);
  return distance(await testCase.compute(), expected);
}
