/** Layer normalization on the engine, over the last axes, and its gradient. */
import * as tf from '@tensorflow/tfjs-core';
import type {TensorInfo} from '@tensorflow/tfjs-core';
import {chunksFor, engineKernel, isFloat} from './engine';

export const LAYER_NORM = 'GlassboxLayerNorm';
export const LAYER_NORM_GRADIENT = 'GlassboxLayerNormGrad';

/** Rows whose share of the gradients of gamma and beta is added up in float32. */
const GROUP = 32;
/** What a number costs, in multiplications: it is read from memory and written. */
const COST = 6;

interface ForwardInputs {
  x: TensorInfo;
  gamma?: TensorInfo;
  beta?: TensorInfo;
}

export interface LayerNormAttrs {
  epsilon: number;
}

/** `GlassboxLayerNorm`: `[y, mean, inverse deviation]` of float32 `x`, `[rows, width]`, which is not empty. */
const forward = engineKernel<ForwardInputs, LayerNormAttrs>(
  LAYER_NORM,
  ({inputs: {x, gamma, beta}, attrs: {epsilon}, engine, make}) => {
    const [rows, width] = x.shape as [number, number];
    const isKnown = [x, gamma, beta].every(info => !info || isFloat(info));
    if (!isKnown || tf.util.sizeFromShape(x.shape) === 0) return undefined;
    const [y, mean, inverse] = [make(x.shape), make([rows]), make([rows])];
    const chunks = chunksFor(rows, width * COST);
    engine.run(
      'layerNorm',
      [
        ...[x, gamma, beta, y, mean, inverse].map(info => (info ? engine.address(info) : 0)),
        ...[rows, width, epsilon, chunks],
      ],
      {chunks},
    );
    return [y, mean, inverse];
  },
);

interface GradientInputs extends Record<'dy' | 'x' | 'mean' | 'inverse', TensorInfo> {
  gamma?: TensorInfo;
}

export interface LayerNormGradientAttrs {
  /** Whether the gradients of gamma and beta are wanted. */
  parameters: boolean;
}

/** `GlassboxLayerNormGrad`: `[dx]`, or `[dx, dgamma, dbeta]`. */
const backward = engineKernel<GradientInputs, LayerNormGradientAttrs>(
  LAYER_NORM_GRADIENT,
  ({inputs: {dy, x, mean, inverse, gamma}, attrs: {parameters}, engine, make}) => {
    const [rows, width] = x.shape as [number, number];
    const groups = Math.ceil(rows / GROUP);
    const dx = make(x.shape);
    const gradients = parameters ? [make([width]), make([width])] : [];
    const partials = parameters ? engine.workspace(8 * width * groups) : 0;
    const chunks = chunksFor(groups, GROUP * width * COST);
    engine.run(
      'layerNormGradient',
      [
        ...[dy, x, mean, inverse, gamma, dx].map(info => (info ? engine.address(info) : 0)),
        ...[partials, rows, width, GROUP, groups, chunks],
      ],
      {chunks},
    );
    if (parameters) {
      const columnChunks = chunksFor(width, groups * COST);
      const addresses = gradients.map(info => engine.address(info));
      engine.run('layerNormParameters', [partials, ...addresses, width, groups, columnChunks], {
        chunks: columnChunks,
      });
    }
    return [dx, ...gradients];
  },
);

export const layerNormKernels = [forward, backward];
