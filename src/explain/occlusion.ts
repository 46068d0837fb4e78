import type {Tensor} from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import {ConfigurationError, ShapeError} from '../core';
import {baselinesFor} from './baseline';
import type {Baseline} from './baseline';
import {CoalitionExplainer} from './coalitionExplainer';
import {sliceRows} from './explainer';
import type {ExplainerOptions, Request} from './explainer';
import {playLeavingOut} from './featureAblation';
import type {Game} from './game';
import type {Link} from './link';
import {coveredExample} from './featureMasker';
import type {FeatureMasker} from './featureMasker';
import type {ExplainableModel} from './model';
import type {Played} from './playedValues';

export interface OcclusionOptions extends ExplainerOptions {
  /**
   * The window's size along each axis of an example, such as `[8, 8, 3]`. A number is for all of them; for an image it is
   * its height and width, with all channels.
   */
  window: number | readonly number[];
  /** How far it moves, likewise: at most by its size. Default 1. */
  strides?: number | readonly number[];
  /** What is seen in the window. Default 0. */
  baseline?: Baseline;
  /** Rows that go through the model at a time; by default as many as hold 2^18 numbers, from 16 to 4,096. */
  batchSize?: number;
  /** `'logit'` explains the log-odds of probabilities. Default `'identity'`. */
  link?: Link;
}

/** A window: where it begins and ends along each axis. */
type Window = readonly {readonly from: number; readonly to: number}[];

/**
 * How much the score falls when a window of the input is hidden, window after window; each number has the mean over the
 * windows that cover it (Zeiler and Fergus 2014). The last windows are clipped at the border. For models with one input.
 *
 * It costs a row for each window, `Π (⌈(size − window) / stride⌉ + 1)`.
 *
 * @throws ConfigurationError for an unknown option or several inputs, ShapeError for a window that does not fit.
 *
 * @example
 * const model = layers.sequential({layers: [layers.layers.dense({units: 2, inputShape: [4]})]});
 * const explainer = new Occlusion(model, {window: 2, strides: 1});
 * const explanation = await explainer.explain(tf.tensor2d([[1, 2, 3, 4]]), {target: 1});
 * explanation.values; // Float32Array [4]
 */
export class Occlusion extends CoalitionExplainer<OcclusionOptions> {
  constructor(model: ExplainableModel, options: OcclusionOptions) {
    super('Occlusion', model, options, [], ['window', 'strides', 'baseline', 'link']);
    if (options?.window === undefined) {
      throw new ConfigurationError('Occlusion needs a window.', {
        hint: 'Give its size along each axis of an example: {window: [8, 8, 3]}.',
        code: 'configuration/window',
      });
    }
  }

  protected override async maskerFor({inputs}: Request, held: Tensor[]): Promise<FeatureMasker> {
    const [input] = inputs;
    if (inputs.length > 1) {
      throw new ConfigurationError(`Occlusion slides over one input; the model has ${inputs.length}.`, {
        hint: 'Use FeatureAblation with a featureMask for each input.',
        code: 'configuration/inputs',
      });
    }
    const {window, strides = 1, baseline = 0} = this.options;
    const shape = input!.shape.slice(1);
    const sizes = perAxis('window', window, shape, shape);
    const windows = windowsOver(shape, sizes, perAxis('strides', strides, shape, sizes));
    const baselines = await baselinesFor(baseline, inputs);
    held.push(...baselines);
    const cover = (coalitions: Uint8Array, count: number): Uint8Array => {
      const size = tf.util.sizeFromShape(shape);
      const there = new Uint8Array(count * size).fill(1);
      coalitions.forEach((isThere, i) => {
        const offset = Math.floor(i / windows.length) * size;
        if (!isThere) forEachIn(windows[i % windows.length]!, shape, at => (there[offset + at] = 0));
      });
      return there;
    };
    return {
      of: (example, index) => {
        const rows = baselines.map(tensor => sliceRows(tensor, index, 1));
        held.push(...rows);
        return {
          ...coveredExample(example, rows, windows.length, cover),
          combine: (values: Float64Array) => [meanOver(values, windows, shape)],
        };
      },
    };
  }

  protected async play(game: Game): Promise<Played> {
    return playLeavingOut(game);
  }
}

/** @param most the largest along each axis: beyond it nothing is left, or numbers that no window covers */
function perAxis(
  name: string,
  given: number | readonly number[],
  shape: readonly number[],
  most: readonly number[],
): number[] {
  // The channels of an image are hidden together.
  const isChannel = (axis: number): boolean => shape.length === 3 && axis === 2;
  const sizes =
    typeof given === 'number' ? shape.map((_, axis) => (isChannel(axis) ? most[axis]! : given)) : [...given];
  const fits =
    sizes.length === shape.length &&
    sizes.every((size, axis) => Number.isInteger(size) && size >= 1 && size <= most[axis]!);
  if (fits) return sizes;
  throw new ShapeError(
    `The ${name} [${sizes.join(', ')}] of Occlusion does not fit an example of [${shape.join(', ')}].`,
    {
      hint: `Give a whole number for each axis, at most [${most.join(', ')}]${name === 'strides' ? ', the window' : ''}.`,
      code: 'shape/window',
    },
  );
}

function windowsOver(shape: readonly number[], window: number[], strides: number[]): Window[] {
  return shape.reduce<Window[]>(
    (windows, size, axis) => {
      const steps = Math.ceil((size - window[axis]!) / strides[axis]!) + 1;
      return windows.flatMap(head =>
        Array.from({length: steps}, (_, i) => {
          const from = i * strides[axis]!;
          return [...head, {from, to: Math.min(size, from + window[axis]!)}];
        }).filter(made => made[axis]!.from < size),
      );
    },
    [[]],
  );
}

/** The places of a window's numbers, row by row. */
function forEachIn(
  window: Window,
  shape: readonly number[],
  visit: (at: number) => void,
  axis = 0,
  at = 0,
): void {
  if (axis === shape.length) return visit(at);
  const {from, to} = window[axis]!;
  for (let i = from; i < to; i++) forEachIn(window, shape, visit, axis + 1, at * shape[axis]! + i);
}

function meanOver(values: Float64Array, windows: readonly Window[], shape: readonly number[]): Float64Array {
  const sums = new Float64Array(tf.util.sizeFromShape([...shape]));
  const covers = new Float64Array(sums.length);
  windows.forEach((window, i) =>
    forEachIn(window, shape, at => {
      sums[at]! += values[i]!;
      covers[at]!++;
    }),
  );
  return sums.map((sum, at) => sum / Math.max(1, covers[at]!));
}
