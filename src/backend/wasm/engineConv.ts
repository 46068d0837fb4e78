/**
 * Convolutions and their gradients on the engine: kernels of tfjs's registry, and of our own those that apply bias
 * and activation, and their gradient, on the way.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {TensorInfo} from '@tensorflow/tfjs-core';
import {convAlgorithm} from './convAlgorithm';
import {biasGradient} from './convBiasGradient';
import {filterGradient} from './convPatchesFilterGradient';
import {convolvePatches, inputGradientOfPatches} from './convPatches';
import {activationCode, engineKernel, isFloat} from './engine';
import type {EngineCall, EngineKernel} from './engine';
import {multiply} from './engineMatMul';
import {convGeometry, isChannelsLast, isEmpty} from './geometry';
import type {ConvAttrs, Geometry} from './geometry';
import {winogradFilterGradient, winogradForward, winogradInputGradient} from './winograd';
import type {Mask} from './winograd';

interface FusedAttrs extends ConvAttrs {
  activation?: string;
}

interface Inputs {
  x: TensorInfo;
  filter: TensorInfo;
  bias?: TensorInfo;
  preluActivationWeights?: TensorInfo;
}

function forward({inputs, attrs, engine, make}: EngineCall<Inputs, FusedAttrs>): TensorInfo | undefined {
  const {x, filter, bias, preluActivationWeights} = inputs;
  const activation = activationCode(attrs.activation);
  const floats = bias ? [x, filter, bias] : [x, filter];
  if (!isChannelsLast(attrs) || preluActivationWeights || activation === undefined || !floats.every(isFloat))
    return undefined;
  const geometry = convGeometry(x.shape, filter.shape, attrs);
  if (isEmpty(geometry) || (bias && bias.shape.join() !== String(geometry.outChannels))) return undefined;
  const {batch, inChannels, outChannels, height, width} = geometry;
  const y = make([batch, height.output, width.output, outChannels]);
  const at = {
    x: engine.address(x),
    filter: engine.address(filter),
    y: engine.address(y),
    bias: bias ? engine.address(bias) : 0,
    activation,
  };
  switch (convAlgorithm(geometry)) {
    case 'product':
      multiply(engine, {
        ...pixelProduct(geometry),
        ...{a: at.x, b: at.filter, c: at.y, bias: at.bias, activation},
        ...{depth: inChannels, columns: outChannels, turnedB: false},
      });
      break;
    case 'winograd':
      winogradForward(engine, geometry, at);
      break;
    default:
      convolvePatches(engine, geometry, at);
  }
  return y;
}

/** What a gradient is computed from; with `y`, what the activation made, it is taken through that as well. */
interface GradientInputs {
  dy: TensorInfo;
  y?: TensorInfo;
}

function inputGradient({
  inputs: {dy, filter, y},
  attrs,
  engine,
  make,
}: EngineCall<GradientInputs & {filter: TensorInfo}, FusedAttrs & {inputShape: number[]}>):
  TensorInfo | undefined {
  const mask = maskOf(engine, y, attrs);
  if (!isChannelsLast(attrs) || mask === 'unknown' || !isFloat(dy) || !isFloat(filter)) return undefined;
  const geometry = convGeometry(attrs.inputShape, filter.shape, attrs);
  if (isEmpty(geometry)) return undefined;
  const dx = make(attrs.inputShape);
  const at = {dy: engine.address(dy), filter: engine.address(filter), dx: engine.address(dx)};
  const algorithm = convAlgorithm(geometry);
  if (algorithm === 'product' && mask === undefined) {
    multiply(engine, {
      ...pixelProduct(geometry),
      ...{a: at.dy, b: at.filter, c: at.dx},
      ...{depth: geometry.outChannels, columns: geometry.inChannels, turnedB: true},
    });
  } else if (algorithm === 'winograd') {
    winogradInputGradient(engine, geometry, {...at, ...(mask && {mask})});
  } else {
    inputGradientOfPatches(engine, geometry, {...at, ...(mask && {mask})});
  }
  return dx;
}

function gradientOfFilter({
  inputs: {x, dy, y},
  attrs,
  engine,
  make,
}: EngineCall<GradientInputs & {x: TensorInfo}, FusedAttrs & {filterShape: number[]}>):
  TensorInfo | undefined {
  const mask = maskOf(engine, y, attrs);
  if (!isChannelsLast(attrs) || mask === 'unknown' || !isFloat(x) || !isFloat(dy)) return undefined;
  const geometry = convGeometry(x.shape, attrs.filterShape, attrs);
  if (isEmpty(geometry)) return undefined;
  const dw = make(attrs.filterShape);
  const at = {
    x: engine.address(x),
    dy: engine.address(dy),
    dw: engine.address(dw),
    ...(mask && {mask}),
  };
  if (convAlgorithm(geometry) === 'winograd') winogradFilterGradient(engine, geometry, at);
  else filterGradient(engine, geometry, at);
  return dw;
}

function gradientOfBias({
  inputs: {dy, y},
  attrs,
  engine,
  make,
}: EngineCall<GradientInputs, {activation?: string}>): TensorInfo | undefined {
  const mask = maskOf(engine, y, attrs);
  if (mask === 'unknown' || !isFloat(dy)) return undefined;
  const channels = dy.shape[dy.shape.length - 1]!;
  const db = make([channels]);
  biasGradient(engine, {
    rows: tf.util.sizeFromShape(dy.shape) / channels,
    channels,
    dy: engine.address(dy),
    db: engine.address(db),
    ...(mask && {mask}),
  });
  return db;
}

function maskOf(
  engine: EngineCall<unknown, unknown>['engine'],
  y: TensorInfo | undefined,
  attrs: {activation?: string},
): Mask | undefined | 'unknown' {
  const activation = activationCode(attrs.activation);
  if (activation === undefined) return 'unknown';
  return y === undefined || activation === 0 ? undefined : {y: engine.address(y), activation};
}

function pixelProduct({batch, height, width}: Geometry) {
  const rows = batch * height.output * width.output;
  return {batch: 1, rows, turnedA: false, sharesA: false, sharesB: false};
}

/** What computes convolutions on the engine. `GlassboxConv2D` is called for its gradient, see gradients/conv.ts. */
export const convKernels: readonly EngineKernel[] = [
  engineKernel(tf.Conv2D, forward),
  engineKernel(tf.FusedConv2D, forward),
  engineKernel('GlassboxConv2D', forward),
  engineKernel('GlassboxBiasedConv2D', forward),
  engineKernel(tf.Conv2DBackpropInput, inputGradient),
  engineKernel('GlassboxConv2DInputGradient', inputGradient),
  engineKernel(tf.Conv2DBackpropFilter, gradientOfFilter),
  engineKernel('GlassboxConv2DFilterGradient', gradientOfFilter),
  engineKernel('GlassboxConv2DBiasGradient', gradientOfBias),
];
