/**
 * Runs an example with everything of glassbox, `tf` and `layers` in scope.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Example} from './extract';
import {difference, parseLiteral} from './literal';
import {checkName, checkThrowsName, importName, rewrite} from './rewrite';

type AsyncFunction = (...values: unknown[]) => Promise<void>;
const AsyncFunctionConstructor = Object.getPrototypeOf(async () => {}).constructor as new (
  ...code: string[]
) => AsyncFunction;

/** Runs it to its end. Throws what it throws, or an error that says which promised value is wrong. */
export async function runExample(example: Example, scope: Readonly<Record<string, unknown>>): Promise<void> {
  const names = [...Object.keys(scope), checkName, checkThrowsName, importName];
  const load = (module: string): Promise<unknown> => import(module);
  const values = [...Object.values(scope), check, checkThrows, load];
  const run = new AsyncFunctionConstructor(...names, rewrite(example.code));
  tf.engine().startScope();
  try {
    await run(...values);
  } finally {
    tf.engine().endScope();
  }
}

async function check(value: unknown, promised: string): Promise<void> {
  const wrong = difference(await plain(await value), parseLiteral(promised));
  if (wrong !== undefined) throw new Error(wrong);
}

async function checkThrows(run: () => Promise<void>, name: string, start: string): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (!(error instanceof Error) || error.name !== name) throw error;
    const message = start.split('…')[0]!.trim();
    if (message !== '' && !error.message.startsWith(message)) {
      throw new Error(`threw '${error.message}', the comment says '${message}'`, {cause: error});
    }
    return;
  }
  throw new Error(`threw nothing, the comment says ${name}`);
}

/** Tensors as nested arrays, typed arrays as arrays. */
async function plain(value: unknown): Promise<unknown> {
  if (value instanceof tf.Tensor) return value.array();
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) return Array.from(value as Float32Array);
  if (Array.isArray(value)) return Promise.all(value.map(plain));
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return value;
  const entries = Object.entries(value).map(async ([key, part]): Promise<[string, unknown]> => [
    key,
    await plain(part),
  ]);
  return Object.fromEntries(await Promise.all(entries));
}
