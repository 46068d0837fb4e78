/**
 * Gradients that fail leave nothing behind.
 */
import {releaseTape} from './tfjsInternals';

/**
 * Runs a computation of gradients (`tf.variableGrads`, `tf.grads` …) and returns what it returns. If it throws,
 * what tfjs had kept for the way back is disposed first: by itself tfjs never lets go of it.
 *
 * @example
 * const before = tf.memory().numTensors;
 * const fails = () => tf.grad(x => { tf.square(x); throw new Error('no'); })(tf.scalar(1));
 * try { releasingTape(() => tf.tidy(fails)); } catch { // the error goes on to the caller
 * }
 * tf.memory().numTensors === before; // true
 */
export function releasingTape<T>(compute: () => T): T {
  try {
    return compute();
  } catch (error) {
    releaseTape();
    throw error;
  }
}
