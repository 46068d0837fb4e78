/**
 * A stand-in for kernels that tfjs's WASM backend lacks: the CPU backend's kernel, run on copies of the
 * inputs. It costs the copies and plain JavaScript's speed, which is fine for what is rare in training.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {KernelConfig, TensorInfo} from '@tensorflow/tfjs-core';
import {BackendUnavailableError} from '../../core';
import {mapKernelInputs, silenceFirstUse} from '../tfjsInternals';
import type {CpuModule, CpuScratch, HeapBackend} from '../tfjsInternals';

let cpuModule: CpuModule | undefined;

/** Loads the package whose kernels are borrowed. */
export async function loadCpuKernels(): Promise<void> {
  cpuModule ??= await import('@tensorflow/tfjs-backend-cpu');
}

/** A kernel for the WASM backend that computes on a CPU backend made for this one call. */
export function delegateToCpu(kernelName: string): KernelConfig {
  return {
    kernelName,
    backendName: 'wasm',
    kernelFunc: ({inputs, attrs, backend}) => {
      const kernel = tf.getKernel(kernelName, 'cpu');
      if (cpuModule === undefined || kernel === undefined) {
        throw new BackendUnavailableError(`tfjs's CPU backend has no kernel '${kernelName}'.`, {
          hint: `Install the version that tfjs-core has: npm install @tensorflow/tfjs-backend-cpu@${tf.version_core}.`,
        });
      }
      const heap = backend as HeapBackend;
      // Made anew each time, so that nothing can stay behind in it, not even when the kernel throws.
      const scratch: CpuScratch = new cpuModule.MathBackendCPU();
      silenceFirstUse(scratch);
      const originals = new Map<object, TensorInfo>();
      const borrow = (info: TensorInfo): TensorInfo => {
        // Some CPU kernels ask their inputs for `rank`, which only tensors have.
        const copy = {...copyIn(scratch, heap, info), rank: info.shape.length};
        originals.set(copy.dataId, info);
        return copy;
      };
      const outputs = kernel.kernelFunc({inputs: mapKernelInputs(inputs, borrow), attrs, backend: scratch});
      // `Draw` answers with its input.
      const giveBack = (info: TensorInfo): TensorInfo =>
        originals.get(info.dataId) ?? copyOut(scratch, heap, info);
      return Array.isArray(outputs) ? outputs.map(giveBack) : giveBack(outputs);
    },
  };
}

function copyIn(scratch: CpuScratch, heap: HeapBackend, {dataId, shape, dtype}: TensorInfo): TensorInfo {
  const values = heap.readSync(dataId);
  if (dtype !== 'complex64') return scratch.makeTensorInfo(shape, dtype, values);
  const {real, imag} = tf.backend_util.splitRealAndImagArrays(values as Float32Array);
  const info = scratch.makeTensorInfo(shape, dtype);
  scratch.data.get(info.dataId).complexTensorInfos = {
    real: scratch.makeTensorInfo(shape, 'float32', real),
    imag: scratch.makeTensorInfo(shape, 'float32', imag),
  };
  return info;
}

function copyOut(scratch: CpuScratch, heap: HeapBackend, {dataId, shape, dtype}: TensorInfo): TensorInfo {
  const values = ofType(scratch.readSync(dataId), dtype);
  const bucket =
    dtype === 'complex64' ? heap.write(values, [...shape, 2], 'float32') : heap.write(values, shape, dtype);
  return {dataId: bucket, shape, dtype};
}

/** Some CPU kernels keep whole numbers in a Float32Array, whose bytes mean something else on the heap. */
function ofType(values: tf.BackendValues, dtype: tf.DataType): tf.BackendValues {
  if (dtype === 'int32' && !(values instanceof Int32Array)) return Int32Array.from(values as Float32Array);
  if (dtype === 'bool' && !(values instanceof Uint8Array)) return Uint8Array.from(values as Float32Array);
  return values;
}
