/** Switching the fused layers off for a while. */

/** Calls of `withoutFusion` under way: one count for all copies of this package in a program. */
interface Switch {
  [key: symbol]: number | undefined;
}
const key = Symbol.for('glassbox.withoutFusion');
const global = globalThis as Switch;

/**
 * Runs a function, and if it is asynchronous awaits it, while layers and losses are computed by tfjs's operations, one
 * by one.
 *
 * On the engine each of these is one operation with one gradient: an LSTM or a GRU over all its time steps, a
 * convolution layer with its bias and activation, layer normalization, batch normalization in training, the attention
 * of `MultiHeadAttention`, and crossentropy from logits. That is as exact as tfjs's way and faster, but its parts cannot be seen: whoever
 * replaces gradients of single operations (`tf.registerGradient`), profiles them, or counts them, runs the model
 * unfused. Single operations still run on the engine, and dropout, which stays one operation.
 *
 * Gradients of gradients are always computed unfused. While an asynchronous function is under way, so is everything
 * else that runs meanwhile.
 *
 * @param run builds, calls or trains models; its result is handed on.
 * @throws what `run` throws; fusion is then as it was before.
 *
 * @example
 * await useBackend('wasm');
 * const layer = layers.layers.lstm({units: 4, recurrentInitializer: 'glorotUniform', inputShape: [5, 3]});
 * const model = layers.sequential({layers: [layer]});
 * const x = tf.ones([2, 5, 3]);
 * const stepByStep = withoutFusion(() => model.predict(x)) as tf.Tensor;
 * stepByStep.shape; // [2, 4]
 */
export function withoutFusion<T>(run: () => T): T {
  global[key] = (global[key] ?? 0) + 1;
  const end = () => {
    global[key] = global[key]! - 1;
  };
  let result: T;
  try {
    result = run();
  } catch (error) {
    end();
    throw error;
  }
  if (result instanceof Promise) return result.finally(end) as T;
  end();
  return result;
}

/** Whether layers may be computed as one operation now. */
export function mayFuse(): boolean {
  return (global[key] ?? 0) === 0;
}
