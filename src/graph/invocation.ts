/**
 * How one layer is called in a run. Most layers' own `call` is right; batch normalization, wrappers and
 * recurrent layers need care.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {LayersModel} from '@tensorflow/tfjs-layers';
import {normalizeByBatch, normalizeByMoving} from './batchNormalization';
import {drawnDropout} from './dropout';
import {isFrozen, withDescendants} from './layerTree';
import type {LayerEntry, LayerTree} from './layerTree';
import type {Masks} from './masks';
import type {StatisticsLedger} from './statistics';
import {
  callLayer,
  dropoutCell,
  dropoutFields,
  withCall,
  withoutRecording,
  wrappedLayer,
} from './tfjsInternals';
import type {CallArguments, DropoutCell} from './tfjsInternals';

/** What the calls of one run share. */
export interface Pass {
  readonly training: boolean;
  readonly statistics: StatisticsLedger;
}

/** Calls a layer on concrete tensors. */
export type Invocation = (inputs: readonly Tensor[], masks: Masks, pass: Pass) => readonly Tensor[];

/** Chooses how a layer is called; `callModel` says how a model that a wrapper holds is. */
export function invocationOf(
  entry: LayerEntry,
  tree: LayerTree,
  callModel: (model: LayersModel) => Invocation,
): Invocation {
  const callInner = () => {
    const inner = wrappedLayer(entry.layer);
    return inner instanceof LayersModel ? callModel(inner) : invocationOf(tree.find(inner)!, tree, callModel);
  };
  switch (entry.layer.getClassName()) {
    case 'BatchNormalization':
      return batchNormalization(entry);
    case 'Dropout':
    case 'SpatialDropout1D':
      return dropout(entry);
    case 'TimeDistributed':
      return timeDistributed(callInner());
    case 'Masking':
      return masking(entry);
    case 'Softmax':
      return softmax(entry);
    case 'ThresholdedReLU':
      return thresholdedRelu(entry);
  }
  const isRecurrent = 'returnSequences' in entry.layer;
  const plain = isRecurrent ? recurrent(entry) : generic(entry);
  return withHeldNormalization(entry, plain);
}

function generic({layer}: LayerEntry): Invocation {
  return (inputs, masks, {training}) => {
    const kwargs: CallArguments = {training};
    if (masks[0] != null) kwargs.mask = masks[0];
    if (inputs.length > 1) kwargs.masks = masks;
    return callLayer(layer, inputs, kwargs);
  };
}

function batchNormalization(entry: LayerEntry): Invocation {
  return ([x], [mask], {training, statistics}) => {
    if (training && !isFrozen(entry)) return [normalizeByBatch(entry.layer, x!, mask ?? null, statistics)];
    if (x!.rank > 4) return [normalizeByMoving(entry.layer, x!)];
    return callLayer(entry.layer, [x!], {training: false});
  };
}

/** tfjs draws masks on one thread of JavaScript, number by number; a seed that it is to follow is left to it. */
function dropout(entry: LayerEntry): Invocation {
  const fields = dropoutFields(entry.layer);
  const plain = generic(entry);
  return (inputs, masks, pass) => {
    const [x] = inputs;
    const {rate, seed} = fields;
    const isDrawn = pass.training && rate > 0 && rate < 1 && seed == null && x!.dtype === 'float32';
    if (!isDrawn) return plain(inputs, masks, pass);
    fields.invokeCallHook(inputs, {training: true});
    return [drawnDropout(x!, rate, fields.getNoiseShape(x!) ?? undefined)];
  };
}

/** A mask of steps means nothing to tfjs's Softmax, which wants one of scores, in the scores' own shape. */
function softmax({layer}: LayerEntry): Invocation {
  return (inputs, masks, {training}) => {
    const mask = masks[0];
    const fits = mask != null && mask.rank === inputs[0]!.rank;
    return callLayer(layer, inputs, fits ? {training, mask} : {training});
  };
}

/** tfjs's own has no gradient: it compares, and takes the comparison for a part of the function. */
function masking({layer}: LayerEntry): Invocation {
  const {maskValue} = layer as typeof layer & {maskValue: number};
  return ([x]) => [
    tf.mul(
      x!,
      withoutRecording(() => tf.cast(tf.any(tf.notEqual(x!, maskValue), -1, true), x!.dtype)),
    ),
  ];
}

/** As with `masking`, tfjs's own has no gradient. */
function thresholdedRelu({layer}: LayerEntry): Invocation {
  const {theta} = layer as typeof layer & {theta: number};
  return ([x]) => [
    tf.mul(
      x!,
      withoutRecording(() => tf.cast(tf.greater(x!, theta), 'float32')),
    ),
  ];
}

/** Inputs after the first are initial states; dropout masks of cells last for one call. */
function recurrent(entry: LayerEntry): Invocation {
  const {layer} = entry;
  const cells = withDescendants(entry)
    .map(held => dropoutCell(held.layer))
    .filter(cell => cell !== undefined);
  const call: Invocation = (inputs, masks, {training}) => {
    const kwargs: CallArguments = {training};
    const mask = masks[0];
    if (mask != null) kwargs.mask = stepMask(mask, inputs[0]!);
    if (inputs.length > 1) kwargs.initialState = inputs.slice(1);
    return callLayer(layer, inputs.slice(0, 1), kwargs);
  };
  if (cells.length === 0) return call;
  return (inputs, masks, pass) => withFreshDropout(cells, () => call(inputs, masks, pass));
}

/** tfjs spreads `[batch, time]` over one more axis only; convolutional recurrent layers have three. */
function stepMask(mask: Tensor, x: Tensor): Tensor {
  if (mask.rank >= x.rank - 1) return mask;
  return tf.reshape(mask, [...mask.shape, ...Array<number>(x.rank - mask.rank).fill(1)]);
}

/**
 * Runs a call whose cells draw dropout masks for it alone. tfjs keeps the masks alive after the call (they
 * look like a leak), and with stacked cells for ever (so that all steps drop the same).
 */
function withFreshDropout<T>(cells: readonly DropoutCell[], call: () => T): T {
  const before = cells.map(cell => ({mask: cell.dropoutMask, recurrent: cell.recurrentDropoutMask}));
  for (const cell of cells) cell.dropoutMask = cell.recurrentDropoutMask = null;
  try {
    return call();
  } finally {
    cells.forEach((cell, i) => {
      if (cell.dropoutMask !== null) tf.dispose(cell.dropoutMask);
      if (cell.recurrentDropoutMask !== null) tf.dispose(cell.recurrentDropoutMask);
      cell.dropoutMask = before[i]!.mask;
      cell.recurrentDropoutMask = before[i]!.recurrent;
    });
  }
}

/** Calls the inner layer step by step, each with its own part of the mask, as Keras does. */
function timeDistributed(call: Invocation): Invocation {
  return ([x], [mask], pass) => {
    const stepMasks = mask == null || mask.rank < 2 ? undefined : tf.unstack(mask, 1);
    const steps = tf.unstack(x!, 1).map((step, t) => call([step], [stepMasks?.[t] ?? null], pass)[0]!);
    return [tf.stack(steps, 1)];
  };
}

/** Batch normalization inside a layer that is called as a whole (a custom layer, a cell) takes our way too. */
function withHeldNormalization(entry: LayerEntry, call: Invocation): Invocation {
  const held = withDescendants(entry).filter(
    child => child !== entry && child.layer.getClassName() === 'BatchNormalization',
  );
  return held.reduce<Invocation>((inner, norm) => {
    const normalize = batchNormalization(norm);
    return (inputs, masks, pass) => {
      if (!pass.training) return inner(inputs, masks, pass);
      return withCall(
        norm.layer,
        (tensors, {training = false, mask = null}) => normalize(tensors, [mask], {...pass, training})[0]!,
        () => inner(inputs, masks, pass),
      );
    };
  }, call);
}
