/**
 * Where the data folder reaches into tfjs: the engine's scopes.
 */
import type {Tensor} from '@tensorflow/tfjs-core';
import {engine} from '@tensorflow/tfjs-core';

/**
 * Runs a function and says which of the tensors it made are still alive; when it throws, they are disposed.
 *
 * `tf.tidy` does not do: it cannot tell beforehand whether a function returns a promise, and disposes the
 * tensors that an asynchronous function made before its first `await`.
 */
export function watchTensors<R>(run: () => R): {result: R; made: Tensor[]} {
  const tfjs = engine();
  tfjs.startScope('Dataset');
  const scope = tfjs.state.activeScope;
  let made: Tensor[] = [];
  try {
    const result = run();
    made = scope.track.filter(tensor => !tensor.isDisposed && !tensor.kept);
    return {result, made};
  } finally {
    tfjs.endScope(made);
  }
}
