import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import type {SymbolicTensor} from '@tensorflow/tfjs-layers';
import type {Attention} from './types';

/** Self-attention out of operations of tfjs, for stock tfjs, which has no such layer. */
export const plainAttention: Attention = (x, heads) => new SelfAttention(heads).apply(x) as SymbolicTensor;

/** softmax(q·kᵀ / √d)·v for each head. */
class SelfAttention extends layers.layers.Layer {
  static readonly className = 'BenchSelfAttention';
  private readonly projections = ['query', 'key', 'value', 'output'] as const;
  private kernels: layers.LayerVariable[] = [];
  private biases: layers.LayerVariable[] = [];

  constructor(private readonly heads: number) {
    super({});
  }

  override build(inputShape: layers.Shape): void {
    const size = inputShape[2]!;
    const {glorotUniform, zeros} = layers.initializers;
    this.kernels = this.projections.map(name =>
      this.addWeight(`${name}_kernel`, [size, size], 'float32', glorotUniform({})),
    );
    this.biases = this.projections.map(name => this.addWeight(`${name}_bias`, [size], 'float32', zeros()));
    super.build(inputShape);
  }

  override computeOutputShape(inputShape: layers.Shape): layers.Shape {
    return inputShape;
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    const x = (Array.isArray(inputs) ? inputs[0] : inputs) as tf.Tensor3D;
    const [batch, steps, size] = x.shape;
    const perHead = size / this.heads;
    const flat = tf.reshape(x, [batch * steps, size]);
    const split = (i: number): tf.Tensor =>
      tf.transpose(tf.reshape(this.project(flat, i), [batch, steps, this.heads, perHead]), [0, 2, 1, 3]);
    const scores = tf.div(tf.matMul(split(0), split(1), false, true), Math.sqrt(perHead));
    const mixed = tf.transpose(tf.matMul(tf.softmax(scores), split(2)), [0, 2, 1, 3]);
    return tf.reshape(this.project(tf.reshape(mixed, [batch * steps, size]), 3), x.shape);
  }

  private project(x: tf.Tensor, i: number): tf.Tensor {
    return tf.add(
      tf.matMul(x as tf.Tensor2D, this.kernels[i]!.read() as tf.Tensor2D),
      this.biases[i]!.read(),
    );
  }
}
