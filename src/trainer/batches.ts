/**
 * Turns what a data source gave into the batch a step works on: tensors by port, checked against the model.
 */
import * as tf from '@tensorflow/tfjs-core';
import {Tensor} from '@tensorflow/tfjs-core';
import {ConfigurationError, DataError, ShapeError} from '../core';
import type {OutputPort, Port} from '../graph';
import type {FitOptions} from './options';
import {isRecord} from './perOutput';

/** A batch by port. Its tensors are the trainer's, who disposes them by `disposeBatch`. */
export interface PreparedBatch {
  readonly xs: Tensor[];
  readonly ys: Tensor[];
  readonly sampleWeights: (Tensor | undefined)[];
  readonly size: number;
}

/** The ports that names and shapes are checked against; undefined for trainers of several models. */
export interface BatchPorts {
  readonly inputs: readonly Port[];
  readonly outputs: readonly OutputPort[];
}

export function disposeBatch(batch: PreparedBatch): void {
  tf.dispose([batch.xs, batch.ys, batch.sampleWeights.filter(weight => weight !== undefined)]);
}

/**
 * Takes apart an element of the data: `x`, `[x]`, `[x, y]`, `[x, y, weights]` or `{xs, ys, sampleWeights}`.
 * Takes over the element's tensors, also when it throws.
 *
 * @throws DataError for an element of another form, ShapeError for tensors that do not fit the model.
 */
export function prepareBatch(element: unknown, ports: BatchPorts | undefined): PreparedBatch {
  try {
    const {xs, ys, sampleWeights} = takeApart(element);
    const inputs = toList(xs, ports?.inputs, 'input');
    const targets = ys === undefined ? [] : toList(ys, ports?.outputs, 'target');
    const weights = spreadWeights(sampleWeights, targets.length, ports);
    const size = checkLengths([...inputs, ...targets, ...weights.filter(weight => weight !== undefined)]);
    if (ports !== undefined) checkInputs(inputs, ports.inputs);
    return {
      xs: inputs.map((input, i) => castTo(input, ports?.inputs[i]?.dtype)),
      ys: targets,
      sampleWeights: weights,
      size,
    };
  } catch (error) {
    tf.dispose(element as tf.TensorContainer);
    throw error;
  }
}

/** As `prepareBatch` for targets without inputs. */
export function prepareTargets(element: unknown, ports: BatchPorts | undefined): PreparedBatch {
  try {
    const ys = toList(element, ports?.outputs, 'target');
    return {xs: [], ys, sampleWeights: [], size: checkLengths(ys)};
  } catch (error) {
    tf.dispose(element as tf.TensorContainer);
    throw error;
  }
}

function takeApart(element: unknown): {xs: unknown; ys?: unknown; sampleWeights?: unknown} {
  if (element instanceof Tensor) return {xs: element};
  if (Array.isArray(element)) {
    if (element.length >= 1 && element.length <= 3)
      return {xs: element[0], ys: element[1], sampleWeights: element[2]};
    throw new DataError(`A batch is an array of ${element.length} entries.`, {
      hint: 'Expected [x], [x, y] or [x, y, sampleWeight].',
    });
  }
  if (isRecord<unknown>(element)) {
    const {xs, ys, sampleWeights} = element;
    if (xs !== undefined) return {xs, ys, sampleWeights};
    throw new DataError(`A batch is a record of ${Object.keys(element).join(', ') || 'nothing'}.`, {
      hint: 'Map each element to [x, y] or {xs, ys}, for instance dataset.map(({image, label}) => [image, label]).',
    });
  }
  throw new DataError(`A batch is ${element === null ? 'null' : typeof element}.`, {
    hint: 'Expected tensors: [x, y], [x, y, sampleWeight] or {xs, ys, sampleWeights}.',
  });
}

function toList(given: unknown, ports: readonly Port[] | undefined, kind: string): Tensor[] {
  const list: readonly unknown[] | undefined =
    given instanceof Tensor ? [given] : Array.isArray(given) ? given : undefined;
  if (list === undefined && !isRecord<unknown>(given)) {
    throw new DataError(`The ${kind} of a batch is ${given === null ? 'null' : typeof given}.`, {
      hint: 'Expected a tensor, a list of tensors or a record of them by name.',
    });
  }
  if (list !== undefined) {
    if (ports !== undefined && list.length !== ports.length) {
      throw new ShapeError(`A batch has ${list.length} ${kind}s, but the model has ${ports.length}.`, {
        hint: `Expected one for each of: ${ports.map(port => port.name).join(', ')}.`,
      });
    }
    return list.map((tensor, i) => asTensor(tensor, ports?.[i]?.name ?? `${kind} ${i}`));
  }
  const record = given as Readonly<Record<string, unknown>>;
  const names = ports?.map(port => port.name) ?? Object.keys(record);
  for (const name of Object.keys(record)) {
    if (!names.includes(name)) {
      throw new DataError(`A batch has a ${kind} '${name}', which the model has not.`, {
        hint: `Its names are: ${names.join(', ')}.`,
      });
    }
  }
  return names.map(name => {
    if (record[name] === undefined) {
      throw new DataError(`A batch has no ${kind} '${name}'.`, {
        hint: `It has: ${Object.keys(record).join(', ')}.`,
      });
    }
    return asTensor(record[name], name);
  });
}

function asTensor(value: unknown, name: string): Tensor {
  if (value instanceof Tensor) return value as Tensor;
  throw new DataError(`'${name}' of a batch is no tensor.`, {
    hint: 'If two copies of @tensorflow/tfjs-core are installed, make them one (npm dedupe).',
  });
}

function spreadWeights(
  given: unknown,
  targets: number,
  ports: BatchPorts | undefined,
): (Tensor | undefined)[] {
  if (given === undefined || given === null) return Array.from({length: targets}, () => undefined);
  if (given instanceof Tensor) {
    // Every output gets a handle of its own, so that each can be disposed.
    return Array.from({length: targets}, (_, i) => (i === 0 ? given : given.clone()));
  }
  if (isRecord<unknown>(given) && ports !== undefined) {
    return ports.outputs.map(port =>
      given[port.name] === undefined ? undefined : asTensor(given[port.name], port.name),
    );
  }
  return toList(given, ports?.outputs, 'sample weight');
}

function checkLengths(tensors: readonly Tensor[]): number {
  const size = tensors[0]?.shape[0];
  if (size === undefined) {
    throw new ShapeError('A batch has a scalar where a tensor with a batch axis is needed.', {
      hint: 'The first axis counts the samples.',
    });
  }
  if (size === 0) throw new DataError('A batch has no samples.', {hint: 'Leave out empty batches.'});
  for (const tensor of tensors) {
    if (tensor.shape[0] !== size) {
      throw new ShapeError(`A batch mixes ${size} and ${tensor.shape[0] ?? 'no'} samples.`, {
        hint: 'Inputs, targets and sample weights need the same first axis.',
      });
    }
  }
  return size;
}

function checkInputs(inputs: readonly Tensor[], ports: readonly Port[]): void {
  inputs.forEach((input, i) => {
    const {name, shape} = ports[i]!;
    const fits =
      input.rank === shape.length &&
      shape.every((length, axis) => axis === 0 || length === null || length === input.shape[axis]);
    if (fits) return;
    const missesChannel = input.rank === shape.length - 1 && shape.at(-1) === 1;
    throw new ShapeError(
      `Input '${name}' has shape [${input.shape}], but the model expects [${shape.map(d => d ?? '?').join(',')}].`,
      {
        hint: missesChannel ? 'Add the last axis: x.expandDims(-1).' : 'The first axis counts the samples.',
        code: 'shape/input',
      },
    );
  });
}

/** Hands over `tensor` as `dtype`. */
function castTo(tensor: Tensor, dtype: string | undefined): Tensor {
  if (dtype === undefined || tensor.dtype === dtype || !(dtype === 'float32' || dtype === 'int32'))
    return tensor;
  const cast = tf.cast(tensor, dtype);
  tensor.dispose();
  return cast;
}

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
      return weights === undefined ? undefined : tabulate(weights);
    });
  }

  /** The batch with class weights multiplied into its sample weights; takes over `batch`. */
  apply(batch: PreparedBatch, outputs: readonly OutputPort[]): PreparedBatch {
    const sampleWeights = batch.sampleWeights.map((sampleWeight, i) => {
      const table = this.tables[i];
      const target = batch.ys[i];
      if (table === undefined || target === undefined) return sampleWeight;
      const weights = tf.tidy(() => {
        const labels = classIndices(target, outputs[i]!);
        const known = tf.clipByValue(labels, 0, table.length - 1);
        const looked = tf.gather(tf.tensor1d(table), tf.cast(known, 'int32'));
        const classed = tf.where(tf.less(labels, table.length), looked, tf.onesLike(looked));
        return sampleWeight === undefined ? classed : tf.mul(sampleWeight, classed);
      });
      sampleWeight?.dispose();
      return weights;
    });
    return {...batch, sampleWeights};
  }
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

function tabulate(weights: Readonly<Record<number, number>>): Float32Array {
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
