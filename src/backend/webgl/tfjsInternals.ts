/** The border to tfjs's WebGL backend. */
import type {KernelBackend, KernelConfig, TensorInfo} from '@tensorflow/tfjs-core';
import type {MathBackendWebGL} from '@tensorflow/tfjs-backend-webgl';
import {withEditedPrograms} from '../programText';

type Package = typeof import('@tensorflow/tfjs-backend-webgl');

/** The context that an instance computes in. */
export function contextOf(instance: KernelBackend): WebGLRenderingContext {
  return (instance as MathBackendWebGL).gpgpu.gl;
}

/**
 * Lets go of the reads that wait for a context that is lost. tfjs asks it over and over whether it has come so far,
 * which a lost context always denies; so a read would never end, nor would what was disposed meanwhile be freed.
 */
export function endWaiting(instance: KernelBackend): void {
  type Waiting = {resolveFn(): void};
  const {gpgpu} = instance as unknown as {gpgpu: {itemsToPoll: Waiting[]}};
  const waiting = gpgpu.itemsToPoll;
  gpgpu.itemsToPoll = [];
  for (const {resolveFn} of waiting) resolveFn();
}

/** An instance in a context of its own, which shares nothing with an earlier one. */
export function instanceOn(tfjs: Package, context: WebGLRenderingContext): KernelBackend {
  return new tfjs.MathBackendWebGL(new tfjs.GPGPUContext(context));
}

/** Tells tfjs how many bits a number has on the device. */
export function setFloatPrecision(instance: KernelBackend, bits: 16 | 32): void {
  (instance as unknown as {floatPrecisionValue: 16 | 32}).floatPrecisionValue = bits;
}

/** A kernel whose programs for the GPU have another text. */
export function withProgramText(kernel: KernelConfig, rewrite: (text: string) => string): KernelConfig {
  return withEditedPrograms<{userCode: string}>(kernel, 'runWebGLProgram', program => {
    const text = program.userCode;
    program.userCode = rewrite(text);
    return program.userCode !== text;
  });
}

/** A kernel that computes each number from the one in its place; `code` defines `float of(float x)`. */
export function elementwiseKernel(kernelName: string, backendName: string, code: string): KernelConfig {
  return {
    kernelName,
    backendName,
    kernelFunc: ({inputs, backend}) => {
      const x = inputs['x']!;
      const program = {
        variableNames: ['A'],
        outputShape: x.shape,
        userCode: `${code}\nvoid main() { setOutput(of(getAAtOutCoords())); }`,
      };
      return (backend as MathBackendWebGL).runWebGLProgram(program, [x], x.dtype);
    },
  };
}

/**
 * The same numbers without what a texture of packed numbers holds beside them: four make a pixel, and where a side is
 * odd, some are none of the tensor's. A new tensor, or the one that was given.
 */
export function withoutStrays(backend: unknown, info: TensorInfo): TensorInfo {
  const {texData} = backend as MathBackendWebGL;
  const {texture, isPacked} = texData.get(info.dataId);
  return texture == null || isPacked !== true ? info : (backend as MathBackendWebGL).unpackTensor(info);
}

/** Frees a tensor that only a kernel knows of. */
export function freeOn(backend: unknown, info: TensorInfo): void {
  (backend as MathBackendWebGL).disposeIntermediateTensorInfo(info);
}
