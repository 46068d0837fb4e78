/** The border to tfjs's WebGPU backend. */
import * as tf from '@tensorflow/tfjs-core';
import type {KernelBackend, KernelConfig, TensorInfo} from '@tensorflow/tfjs-core';
import type {WebGPUBackend} from '@tensorflow/tfjs-backend-webgpu';
import {ConfigurationError} from '../../core';
import {withEditedPrograms} from '../programText';
import {attached, replaceMethod} from '../tfjsInternals';
import type {Adapter, AdapterDescription, Described, Device} from './gpu';

type Package = typeof import('@tensorflow/tfjs-backend-webgpu');

/** What tfjs asks of an adapter. */
const limits = [
  'maxComputeWorkgroupStorageSize',
  'maxComputeWorkgroupsPerDimension',
  'maxStorageBufferBindingSize',
  'maxBufferSize',
  'maxComputeWorkgroupSizeX',
  'maxComputeInvocationsPerWorkgroup',
];
const features = ['timestamp-query', 'bgra8unorm-storage'];

/** An instance of tfjs's backend on a device of that adapter, as tfjs makes it. */
export async function instanceOn(tfjs: Package, adapter: Adapter): Promise<KernelBackend> {
  const device = await adapter.requestDevice({
    requiredFeatures: features.filter(feature => adapter.features.has(feature)),
    requiredLimits: Object.fromEntries(limits.map(limit => [limit, adapter.limits[limit]])),
  });
  type Arguments = ConstructorParameters<typeof WebGPUBackend>;
  const instance = new tfjs.WebGPUBackend(...([device, adapter.info] as unknown as Arguments));
  attached(instance, 'adapter', () => ({info: adapter.info, isFallbackAdapter: adapter.isFallbackAdapter}));
  return instance;
}

/** What is known of the adapter of an instance, also of one that a program has started itself. */
export function adapterUnder(instance: KernelBackend): Described {
  const {adapterInfo} = instance as unknown as {adapterInfo: AdapterDescription};
  return attached(instance, 'adapter', () => ({info: deviceOf(instance).adapterInfo ?? adapterInfo}));
}

/** The device that an instance computes on. */
export function deviceOf(instance: KernelBackend): Device {
  return (instance as unknown as {device: Device}).device;
}

/** Hands over what tfjs has kept back to submit it together, and waits until the device has done it all. */
export async function finishWork(instance: KernelBackend): Promise<void> {
  const webgpu = instance as WebGPUBackend;
  webgpu.ensureCommandEncoderReady();
  webgpu.endComputePassEncoder();
  webgpu.submitQueue();
  await deviceOf(instance).queue.onSubmittedWorkDone();
}

/**
 * tfjs reads synchronously by way of a canvas, which there is not in Node, and which gives zeros where the processor
 * imitates the GPU. There it says so; what has been read before, and what has not been on the device yet, can be read.
 */
export function refuseSynchronousReads(instance: KernelBackend): void {
  attached(instance, 'readsOnlyAsync', () => {
    const {tensorMap} = instance as WebGPUBackend;
    replaceMethod(instance, 'readSync', read => dataId => {
      const {values, dtype} = tensorMap.get(dataId);
      if (values != null || dtype === 'string') return read(dataId);
      throw new ConfigurationError(
        "On the backend 'webgpu', a tensor cannot be read at once here (dataSync, arraySync, print).",
        {
          hint: 'Use await tensor.data() or await tensor.array(); afterwards it can also move to another backend.',
        },
      );
    });
    return true;
  });
}

interface Program {
  shaderKey: string;
  getUserCode(): string;
}

/**
 * A kernel whose programs for the GPU have another text.
 *
 * @param isOptional whether there are inputs for which none of the text has to be another
 */
export function withProgramText(
  kernel: KernelConfig,
  rewrite: (text: string) => string,
  isOptional = false,
): KernelConfig {
  const edit = (program: Program): boolean => {
    const text = program.getUserCode();
    const rewritten = rewrite(text);
    if (rewritten === text) return false;
    program.shaderKey += '-glassbox';
    program.getUserCode = () => rewritten;
    return true;
  };
  return withEditedPrograms<Program>(kernel, 'runWebGPUProgram', edit, isOptional);
}

/** The numbers of a tensor as float32, in memory of their own. */
export function asFloats(backend: unknown, info: TensorInfo): TensorInfo {
  const webgpu = backend as WebGPUBackend;
  const {values, resource} = webgpu.tensorMap.get(info.dataId);
  // What is not on the device yet is put there as it should be.
  if (resource == null && values != null)
    return webgpu.makeTensorInfo(info.shape, 'float32', Float32Array.from(values as Int32Array));
  const workgroup = 64;
  const program = {
    variableNames: ['A'],
    outputShape: info.shape,
    shaderKey: 'glassbox-floats',
    workgroupSize: [workgroup, 1, 1],
    dispatchLayout: {x: info.shape.map((_, axis) => axis)},
    dispatch: [Math.ceil(tf.util.sizeFromShape(info.shape) / workgroup), 1, 1],
    size: true,
    getUserCode: () => `fn main(index: i32) {
      if (index < uniforms.size) { setOutputAtIndex(index, f32(A[index])); }
    }`,
  };
  return webgpu.runWebGPUProgram(program as WebGPUProgram, [info], 'float32');
}

type WebGPUProgram = Parameters<WebGPUBackend['runWebGPUProgram']>[0];
