/** Kernels whose programs have another text, on a backend that only looks like one. */
import type {KernelConfig, TensorInfo} from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {withProgramText} from '../../src/backend/webgl/tfjsInternals';
import {BackendUnavailableError} from '../../src/core';

/** Notes the texts that it runs and what it holds, as tfjs's does. */
class Backend {
  readonly texts: string[] = [];
  held = 0;

  runWebGLProgram({userCode}: {userCode: string}): TensorInfo {
    this.texts.push(userCode);
    this.held += 1;
    return {dataId: {}, shape: [1], dtype: 'float32'};
  }

  disposeData(): void {
    this.held -= 1;
  }
}

/** A kernel that runs programs of these texts, and keeps the result of the last. */
function kernelOf(...texts: string[]): KernelConfig {
  return {
    kernelName: 'Log',
    backendName: 'webgl',
    kernelFunc: ({backend}) => {
      const running = backend as Backend;
      const results = texts.map(userCode => running.runWebGLProgram({userCode}));
      for (const _ of results.slice(1)) running.disposeData();
      return results.at(-1) ?? {dataId: {}, shape: [1], dtype: 'float32'};
    },
  };
}

const call = (kernel: KernelConfig, backend: Backend): unknown =>
  withProgramText(kernel, text => text.replace('>=', '>')).kernelFunc({
    inputs: {},
    attrs: {},
    backend: backend,
  });

describe('a kernel whose programs have another text', () => {
  it('runs it, on a backend that keeps its books and is itself again afterwards', () => {
    const backend = new Backend();
    call(kernelOf('a >= b', 'a + b', 'a * b'), backend);
    expect(backend.texts).toEqual(['a > b', 'a + b', 'a * b']);
    expect(backend.held).toBe(1);
    backend.runWebGLProgram({userCode: 'a >= b'});
    expect(backend.texts.at(-1)).toBe('a >= b');
    expect(Object.hasOwn(backend, 'runWebGLProgram')).toBe(false);
  });

  it('leaves the backend itself where it throws', () => {
    const backend = new Backend();
    const failing: KernelConfig = {
      ...kernelOf(),
      kernelFunc: () => {
        throw new Error('no such shape');
      },
    };
    expect(() => call(failing, backend)).toThrow('no such shape');
    backend.runWebGLProgram({userCode: 'a >= b'});
    expect(backend.texts).toEqual(['a >= b']);
  });

  it('is an error where there is nothing to change in any of its programs, and frees what they gave', () => {
    const backend = new Backend();
    expect(() => call(kernelOf('a > b', 'a + b'), backend)).toThrow(BackendUnavailableError);
    expect(() => call(kernelOf('a > b'), backend)).toThrow('for the kernel Log');
    expect(backend.held).toBe(0);
  });

  it('may do without a program', () => {
    const backend = new Backend();
    expect(call(kernelOf(), backend)).toMatchObject({shape: [1]});
  });
});
