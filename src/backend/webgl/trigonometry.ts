/**
 * Sine, cosine and tangent with all digits of a float32. GPUs may compute them with no more than eleven bits after the
 * point, and some do. The argument is reduced to half a turn by π in three parts (Cody and Waite 1980), where the
 * sine's series has an error of 1e-7.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {KernelConfig} from '@tensorflow/tfjs-core';
import {elementwiseKernel} from './tfjsInternals';

const code = `
  float sine(float x, float offset) {
    float k = floor(x * 0.31830988618 + 0.5 - offset);
    float turns = k + offset;
    float r = ((x - turns * 3.140625) - turns * 9.6750259399e-4) - turns * 1.509957990979e-7;
    float s = r * r;
    float y = r + r * s * (-0.16666667 + s * (0.0083333333 + s * (-1.9841270e-4 + s * (2.7557319e-6 - s * 2.5052108e-8))));
    return mod(k, 2.0) == 0.0 ? y : -y;
  }
  float cosine(float x) { return -sine(x, 0.5); }`;

export function trigonometry(backend: string): KernelConfig[] {
  return [
    elementwiseKernel(
      tf.Sin,
      backend,
      `${code} float of(float x) { return abs(x) < 1e5 ? sine(x, 0.0) : sin(x); }`,
    ),
    elementwiseKernel(
      tf.Cos,
      backend,
      `${code} float of(float x) { return abs(x) < 1e5 ? cosine(x) : cos(x); }`,
    ),
    elementwiseKernel(
      tf.Tan,
      backend,
      `${code} float of(float x) { return abs(x) < 1e5 ? sine(x, 0.0) / cosine(x) : tan(x); }`,
    ),
  ];
}
