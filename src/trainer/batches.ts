/**
 * Turns what a data source gave into the batch a step works on: tensors by port, checked against the model.
 */
import * as tf from '@tensorflow/tfjs-core';
import {Tensor} from '@tensorflow/tfjs-core';
import {DataError, ShapeError, unknownName} from '../core';
import type {OutputPort, Port} from '../graph';
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

const ENTRIES = ['xs', 'ys', 'sampleWeights'];

export function disposeBatch(batch: PreparedBatch): void {
  tf.dispose([batch.xs, batch.ys, batch.sampleWeights.filter(weight => weight !== undefined)]);
}

/**
 * Takes apart an element of the data: `x`, `[x]`, `[x, y]`, `[x, y, weights]` or `{xs, ys, sampleWeights}`.
 * Takes over the element's tensors, also when it throws.
 *
 * @throws DataError for an element of another form, ConfigurationError for an entry that a batch has not, ShapeError
 *   for tensors that do not fit the model.
 */
export function prepareBatch(element: unknown, ports: BatchPorts | undefined): PreparedBatch {
  try {
    const {xs, ys, sampleWeights} = takeApart(element);
    const inputs = toList(xs, ports?.inputs, 'input');
    const targets = ys === undefined ? [] : toList(ys, ports?.outputs, 'target');
    const weights = spreadWeights(sampleWeights, targets.length, ports);
    const uses = [...inputs, ...targets, ...weights.filter(weight => weight !== undefined)];
    const size = checkLengths(uses);
    if (ports !== undefined) checkInputs(inputs, ports.inputs);
    // From here on nothing throws: the handles made reach the caller.
    const own = ownHandles(uses);
    return {
      xs: own.splice(0, inputs.length).map((input, i) => castTo(input, ports?.inputs[i]?.dtype)),
      ys: own.splice(0, targets.length),
      sampleWeights: weights.map(weight => (weight === undefined ? undefined : own.shift()!)),
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

/**
 * Gives every use of a tensor a handle of its own, so that each can be cast and disposed by itself: the batch of an
 * autoencoder is `[x, x]`, and one weight serves several outputs.
 */
function ownHandles(uses: readonly Tensor[]): Tensor[] {
  return uses.map((tensor, i) => (uses.indexOf(tensor) < i ? tensor.clone() : tensor));
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
    if (xs !== undefined) {
      const unknown = Object.keys(element).find(name => !ENTRIES.includes(name));
      if (unknown !== undefined) throw unknownName('entry of a batch', unknown, ENTRIES);
      return {xs, ys, sampleWeights};
    }
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
  checkNames(record, names, kind);
  return names.map(name => {
    if (record[name] === undefined) {
      throw new DataError(`A batch has no ${kind} '${name}'.`, {
        hint: `It has: ${Object.keys(record).join(', ')}.`,
      });
    }
    return asTensor(record[name], name);
  });
}

function checkNames(record: object, names: readonly string[], kind: string): void {
  for (const name of Object.keys(record)) {
    if (names.includes(name)) continue;
    throw new DataError(`A batch has a ${kind} '${name}', which the model has not.`, {
      hint: `Its names are: ${names.join(', ')}.`,
    });
  }
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
  if (targets === 0) {
    throw new DataError('A batch has sample weights but no targets.', {
      hint: 'Give {xs, ys, sampleWeights}.',
    });
  }
  if (given instanceof Tensor) return Array.from({length: targets}, () => given as Tensor);
  if (isRecord<unknown>(given) && ports !== undefined) {
    checkNames(
      given,
      ports.outputs.map(port => port.name),
      'sample weight',
    );
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
