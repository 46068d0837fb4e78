/**
 * Weights by class, looked up for the labels of a batch and multiplied into its sample weights.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {ConfigurationError} from '../core';
import type {OutputPort} from '../graph';
import type {PreparedBatch} from './batches';
import {expandTo} from './objective';
import type {FitOptions} from './options';
import {isRecord} from './perOutput';

/** Class weights by output, ready to be looked up on the device. */
export class ClassWeights {
  private readonly tables: (Float32Array | undefined)[];

  /** @throws ConfigurationError for a weight that is no number ≥ 0 or a class that is no index. */
  constructor(given: NonNullable<FitOptions['classWeight']>, outputs: readonly OutputPort[]) {
    const byOutput = Object.values(given).some(entry => typeof entry === 'object');
    const names = outputs.map(output => output.name);
    if (byOutput) {
      for (const name of Object.keys(given)) {
        if (!names.includes(name)) {
          throw new ConfigurationError(`classWeight names an output '${name}'.`, {
            hint: `Outputs are: ${names.join(', ')}.`,
          });
        }
      }
    } else if (outputs.length > 1) {
      throw new ConfigurationError(`classWeight is given once for ${outputs.length} outputs.`, {
        hint: `Give a record by output name: ${names.join(', ')}.`,
      });
    }
    this.tables = outputs.map(({name}) => {
      const weights = byOutput
        ? (given as Record<string, Record<number, number>>)[name]
        : (given as Record<number, number>);
      return weights === undefined ? undefined : tabulate(weights, name);
    });
  }

  /**
   * The batch with class weights multiplied into its sample weights; takes over `batch`, unless it throws.
   *
   * @throws ShapeError for sample weights that do not fit the labels.
   */
  apply(batch: PreparedBatch, outputs: readonly OutputPort[]): PreparedBatch {
    const products = tf.tidy(() =>
      batch.ys.map((target, i) => {
        const table = this.tables[i];
        if (table === undefined) return undefined;
        const {name} = outputs[i]!;
        const classed = lookUp(table, classIndices(target, outputs[i]!));
        const sampleWeight = batch.sampleWeights[i];
        if (sampleWeight === undefined) return classed;
        return tf.mul(expandTo(sampleWeight, classed.shape, `The sample weight of '${name}'`), classed);
      }),
    );
    const sampleWeights = batch.ys.map((_, i) => {
      if (products[i] !== undefined) batch.sampleWeights[i]?.dispose();
      return products[i] ?? batch.sampleWeights[i];
    });
    return {...batch, sampleWeights};
  }
}

/** The weights of labels of any shape. A class that the table does not name counts 1, and so does a padding label. */
function lookUp(table: Float32Array, labels: Tensor): Tensor {
  const known = tf.logicalAnd(tf.greaterEqual(labels, 0), tf.less(labels, table.length));
  const inside = tf.cast(tf.clipByValue(labels, 0, table.length - 1), 'int32');
  const weights = tf.gather(tf.tensor1d(table), inside);
  return tf.where(known, weights, tf.onesLike(weights));
}

/** Class indices of targets that are indices already, or one-hot rows. */
function classIndices(target: Tensor, output: OutputPort): Tensor {
  const classes = output.shape.at(-1);
  const oneHot =
    target.rank === output.shape.length &&
    typeof classes === 'number' &&
    classes > 1 &&
    target.shape.at(-1) === classes;
  if (oneHot) return tf.cast(tf.argMax(target, -1), 'int32');
  const squeezed =
    target.rank === output.shape.length && target.shape.at(-1) === 1 ? tf.squeeze(target, [-1]) : target;
  return tf.cast(squeezed, 'int32');
}

function tabulate(weights: Readonly<Record<number, number>>, output: string): Float32Array {
  if (!isRecord(weights)) {
    throw new ConfigurationError(`classWeight of output '${output}' is no record.`, {
      hint: 'Give weights by class index: {0: 1, 1: 3}.',
    });
  }
  const entries = Object.entries(weights).map(([name, weight]) => ({name, label: Number(name), weight}));
  for (const {name, label, weight} of entries) {
    if (!Number.isInteger(label) || label < 0 || !(weight >= 0) || !Number.isFinite(weight)) {
      throw new ConfigurationError(`classWeight gives class '${name}' the weight ${weight}.`, {
        hint: 'Classes are indices from 0, weights finite numbers of at least 0.',
      });
    }
  }
  const table = new Float32Array(Math.max(0, ...entries.map(({label}) => label)) + 1).fill(1);
  for (const {label, weight} of entries) table[label] = weight;
  return table;
}
