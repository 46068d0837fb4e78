/** The border to tfjs's WebGL backend. */
import type {KernelBackend} from '@tensorflow/tfjs-core';
import type {MathBackendWebGL} from '@tensorflow/tfjs-backend-webgl';

type Package = typeof import('@tensorflow/tfjs-backend-webgl');

/** The context that an instance computes in. */
export function contextOf(instance: KernelBackend): WebGLRenderingContext {
  return (instance as MathBackendWebGL).gpgpu.gl;
}

/** An instance that shares nothing with an earlier one. */
export function instanceOnNewContext(tfjs: Package): KernelBackend {
  const canvas =
    typeof OffscreenCanvas === 'undefined' ? document.createElement('canvas') : new OffscreenCanvas(300, 150);
  return new tfjs.MathBackendWebGL(canvas);
}

/** Tells tfjs how many bits a number has on the device. */
export function setFloatPrecision(instance: KernelBackend, bits: 16 | 32): void {
  (instance as unknown as {floatPrecisionValue: 16 | 32}).floatPrecisionValue = bits;
}
