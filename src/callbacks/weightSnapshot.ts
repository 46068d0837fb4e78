/**
 * Weights set aside: what best weights, averages and the weights that averages stand in for are kept in.
 */
import * as tf from '@tensorflow/tfjs-core';
import {CheckpointError} from '../core';
import type {StateTree} from '../core';
import type {Parameter} from '../graph';

/** Copies of weights by `Parameter.key`. Owns its tensors: whoever makes one disposes it. */
export class WeightSnapshot {
  private constructor(private readonly tensors: Map<string, tf.Tensor>) {}

  /** The weights as they are now. They share memory with the model until it changes. */
  static of(parameters: readonly Parameter[]): WeightSnapshot {
    return new WeightSnapshot(
      new Map(parameters.map(({key, variable}) => [key, tf.keep(tf.clone(variable))])),
    );
  }

  /** Copies of the tensors of a state. */
  static from(tensors: Readonly<Record<string, tf.Tensor>>): WeightSnapshot {
    return new WeightSnapshot(
      new Map(Object.entries(tensors).map(([key, tensor]) => [key, tf.keep(tf.clone(tensor))])),
    );
  }

  /** Puts the weights back into the parameters of the same keys; others stay as they are. */
  restore(parameters: readonly Parameter[]): void {
    this.check(parameters);
    for (const {key, variable} of parameters) {
      const tensor = this.tensors.get(key);
      if (tensor) variable.assign(tensor);
    }
  }

  /** Replaces each trainable weight's copy by what `update` makes of it and the weight; new weights are copied. */
  update(parameters: readonly Parameter[], update: (kept: tf.Tensor, now: tf.Tensor) => tf.Tensor): void {
    for (const {key, variable, trainable} of parameters) {
      if (!trainable) continue;
      const kept = this.tensors.get(key);
      const next = tf.keep(tf.tidy(() => (kept ? update(kept, variable) : tf.clone(variable))));
      kept?.dispose();
      this.tensors.set(key, next);
    }
  }

  /** Throws {@link CheckpointError} unless every weight kept is one of the model's. */
  check(parameters: readonly Parameter[]): void {
    const shapes = new Map(parameters.map(({key, shape}) => [key, shape.join(',')]));
    for (const [key, {shape}] of this.tensors) {
      const expected = shapes.get(key);
      if (expected === shape.join(',')) continue;
      const found = expected === undefined ? 'has no such weight' : `has [${expected}] there`;
      throw new CheckpointError(
        `A kept weight '${key}' has shape [${shape.join(',')}]; the model ${found}.`,
        {
          hint: 'The checkpoint is of another model: build the model as it was when the checkpoint was written.',
          code: 'checkpoint/other-model',
        },
      );
    }
  }

  /** The tensors by key, lent. */
  getState(): StateTree {
    return Object.fromEntries(this.tensors);
  }

  dispose(): void {
    for (const tensor of this.tensors.values()) tensor.dispose();
    this.tensors.clear();
  }
}
