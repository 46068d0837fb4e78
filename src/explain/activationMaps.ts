/** Maps that a layer gives, `[batch, height, width, channels]`: what class activation maps are made of. */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor, Tensor4D} from '@tensorflow/tfjs-core';
import {ConfigurationError, UnsupportedLayerError, unknownName} from '../core';
import type {ScoredModel} from './model';
import {findLayer, layerSite} from './site';
import type {Site} from './site';

/** How a map is brought to the size of the input; false leaves it in the layer's. */
export type Upsampling = 'bilinear' | 'nearest' | false;

const CONVOLUTIONS = new Set(['Conv1D', 'Conv2D', 'Conv2DTranspose', 'DepthwiseConv2D', 'SeparableConv2D']);

/**
 * The layer with the maps: the one that is named, or else the last convolution.
 *
 * @throws ConfigurationError for a layer that does not exist, UnsupportedLayerError where channels come first.
 */
export function mapsSite(model: ScoredModel, layer: string | undefined): Site {
  const path = findLayer(model, layer ?? lastConvolution(model) ?? '');
  const first = model.graph!.layers.find(entry => dataFormatOf(entry.layer) === 'channelsFirst');
  if (first !== undefined) {
    throw new UnsupportedLayerError(`Layer '${first.layer.name}' has its channels first.`, {
      hint: "Maps are taken from models with dataFormat 'channelsLast'.",
      code: 'layer/channels-first',
    });
  }
  return layerSite(model, path);
}

function lastConvolution({graph, calls}: ScoredModel): string | undefined {
  if (graph === undefined) return undefined;
  const last = calls.findLast(({layer}) => CONVOLUTIONS.has(layer.getClassName()));
  if (last !== undefined) return last.path;
  throw new ConfigurationError('The model has no convolution.', {
    hint: 'Name the layer whose maps are wanted: {layer: name}.',
    code: 'configuration/layer',
  });
}

function dataFormatOf(layer: object): unknown {
  return 'dataFormat' in layer ? layer.dataFormat : undefined;
}

/** @throws ConfigurationError for an unknown way. */
export function checkUpsampling(upsample: Upsampling): void {
  if (upsample !== false && upsample !== 'bilinear' && upsample !== 'nearest') {
    throw unknownName('upsample', String(upsample), ['bilinear', 'nearest', 'false']);
  }
}

/**
 * What a layer gives, as images; sequences are images of one column.
 *
 * @throws UnsupportedLayerError for a layer that gives neither.
 */
export function asMaps(values: Tensor): Tensor4D {
  const [batch, height, width] = values.shape;
  if (values.rank === 4) return values as Tensor4D;
  if (values.rank === 3) return tf.reshape(values, [batch, height!, 1, width!]);
  throw new UnsupportedLayerError(`The layer gives [${values.shape.join(', ')}], which are no maps.`, {
    hint: 'Name a layer that gives [batch, height, width, channels] or [batch, steps, channels].',
    code: 'layer/maps',
  });
}

/** The sizes of an input that maps can be laid on. @throws ConfigurationError if there is none. */
export function inputSize(inputs: readonly Tensor[], values: Tensor): [number, number] {
  const input = inputs.find(({rank}) => rank === values.rank);
  if (input !== undefined)
    return values.rank === 3 ? [input.shape[1]!, 1] : [input.shape[1]!, input.shape[2]!];
  throw new ConfigurationError('No input has the form of the maps, so they cannot be brought to its size.', {
    hint: "Leave them in the layer's size: {upsample: false}.",
    code: 'configuration/upsample',
  });
}

/** Maps at another size, with half-pixel centres where they are interpolated. */
export function resize(maps: Tensor4D, size: [number, number], upsample: Upsampling): Tensor4D {
  if (upsample === false) return maps;
  return upsample === 'bilinear'
    ? tf.image.resizeBilinear(maps, size, false, true)
    : tf.image.resizeNearestNeighbor(maps, size);
}
