/**
 * Pooling over windows in three dimensions, in plain loops.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {KernelConfig} from '@tensorflow/tfjs-core';
import {avgPool3dGradOnDevice} from './averagePoolOnDevice';
import {hostKernel} from './hostKernel';
import {eachWindow, poolGeometry} from './poolingGeometry';
import type {PoolAttributes, PoolGeometry} from './poolingGeometry';
import {everyJavaScriptBackend, isOnHost, type HostBackend, type Repair} from './types';

export const maxPool3d: Repair = {
  id: 'wasm/max-pool-3d',
  description:
    "tfjs's maxPool3d gives 1.2e-38 for windows without a positive number on WASM; it gives their maximum now.",
  backends: ['wasm'],
  kernels: (backend: HostBackend) => [
    hostKernel<PoolAttributes>(tf.MaxPool3D, backend, ({x}, attrs) => {
      const geometry = poolGeometry(x!.shape, attrs);
      return {
        shape: geometry.outShape,
        fill: (y, {x: input}) => maxPool(input!, geometry, (out, at) => (y[out] = input![at]!)),
      };
    }),
  ],
};

export const maxPool3dGradient: Repair = {
  id: 'max-pool-3d-gradient',
  description:
    "tfjs sends the gradient of maxPool3d to the wrong element: on WASM where a window has no positive number, on CPU where the window isn't a cube.",
  backends: ['wasm', 'cpu'],
  kernels: (backend: HostBackend) => [
    hostKernel<PoolAttributes>(tf.MaxPool3DGrad, backend, ({input}, attrs) => {
      const geometry = poolGeometry(input!.shape, attrs);
      return {
        shape: input!.shape,
        fill: (dx, {input: x, dy}) => maxPool(x!, geometry, (out, at) => (dx[at]! += dy![out]!)),
      };
    }),
  ],
};

export const averagePool3dGradient: Repair = {
  id: 'average-pool-3d-gradient',
  description:
    "tfjs divides the gradient of avgPool3d by the window's full size also where padding cut the window, unlike the forward pass; both divide by what is inside now.",
  backends: everyJavaScriptBackend,
  kernels: (backend, context) => [
    isOnHost(backend) ? avgPool3dGradOnHost(backend) : avgPool3dGradOnDevice(context),
  ],
};

function avgPool3dGradOnHost(backend: HostBackend): KernelConfig {
  return hostKernel<PoolAttributes>(tf.AvgPool3DGrad, backend, ({input}, attrs) => {
    const geometry = poolGeometry(input!.shape, attrs);
    return {
      shape: input!.shape,
      fill: (dx, {dy}) =>
        eachWindow(geometry, (out, inside) => {
          const share = dy![out]! / inside.length;
          for (const at of inside) dx[at]! += share;
        }),
    };
  });
}

/** Calls `found` with each output's index and the index of its window's maximum; the first among equals. */
function maxPool(x: Float32Array, geometry: PoolGeometry, found: (out: number, at: number) => void): void {
  eachWindow(geometry, (out, inside) => {
    let best = inside[0]!;
    for (const at of inside) {
      // NaN wins, as in TensorFlow and PyTorch, so that it isn't lost on the way to the loss.
      if (x[at]! > x[best]! || (Number.isNaN(x[at]!) && !Number.isNaN(x[best]!))) best = at;
    }
    found(out, best);
  });
}
