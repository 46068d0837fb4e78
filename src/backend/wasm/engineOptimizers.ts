/** One update of all weights of an optimizer, as one kernel. */
import type {TensorInfo} from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import {engineKernel} from './engine';

/** Elements of a block; as in kernels/optimizers.ts. */
const BLOCK = 4096;
/** Two blocks are worth another thread's attention: the work is in the memory, not in the arithmetic. */
const BLOCKS_A_CHUNK = 2;
const MOST_CHUNKS = 64;
/** Slots and numbers that a record of kernels/optimizers.ts has room for. */
const SLOTS = 3;
const NUMBERS = 5;

/** The rules of src/optimizers that there are kernels of; codes as in kernels/optimizerRules.ts. */
const codes: Record<string, number> = {
  sgd: 0,
  adam: 1,
  adamax: 2,
  nadam: 3,
  rmsprop: 4,
  adagrad: 5,
  adadelta: 6,
  lion: 7,
  lamb: 8,
};

interface Attrs {
  /** A name of `codes`. */
  rule: string;
  /** At which of the rule's slots each slot of a weight is. */
  slots: number[];
  /** How many numbers each weight has in `numbers`: its decay, then those of the rule. */
  width: number;
  numbers: number[];
}

/**
 * `GlassboxOptimizerStep`: from weight, gradient and slots of each weight, one weight after the other, the new
 * weight and slots of each. All are float32 and, within a weight, of one shape.
 */
export const engineOptimizerStep = engineKernel<Record<number, TensorInfo>, Attrs>(
  'GlassboxOptimizerStep',
  ({inputs, attrs: {rule, slots, width, numbers}, engine, make}) => {
    const tensors = Object.values(inputs);
    const each = 2 + slots.length;
    const outputs: TensorInfo[] = [];
    const records: number[] = [];
    let blocks = 0;
    let weights = 0;
    for (let i = 0; i < tensors.length; i += each) {
      const [weight, gradient, ...old] = tensors.slice(i, i + each) as [
        TensorInfo,
        TensorInfo,
        ...TensorInfo[],
      ];
      const made = make(weight.shape);
      const madeSlots = old.map(({shape}) => make(shape));
      outputs.push(made, ...madeSlots);
      const size = tf.util.sizeFromShape(weight.shape);
      if (size === 0) continue;
      const slotAddresses = Array.from({length: 2 * SLOTS}, () => 0);
      for (const [j, slot] of slots.entries()) {
        slotAddresses[2 * slot] = engine.address(old[j]!);
        slotAddresses[2 * slot + 1] = engine.address(madeSlots[j]!);
      }
      records.push(blocks, size, engine.address(weight), engine.address(gradient), engine.address(made));
      records.push(...slotAddresses);
      const first = (i / each) * width;
      for (let j = 0; j <= NUMBERS; j++) records.push(j < width ? numbers[first + j]! : 0);
      blocks += Math.ceil(size / BLOCK);
      weights++;
    }
    if (weights === 0) return outputs;
    const chunks = Math.max(1, Math.min(MOST_CHUNKS, Math.floor(blocks / BLOCKS_A_CHUNK)));
    const partials = rule === 'lamb' ? engine.workspace(16 * blocks) : 0;
    const args = [codes[rule]!, blocks, chunks, weights, partials, ...records];
    engine.run('optimizerStep', args, {chunks, scratch: 144});
    if (rule === 'lamb') engine.run('lambApply', args, {chunks});
    return outputs;
  },
);
