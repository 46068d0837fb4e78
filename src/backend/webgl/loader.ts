/** Starting tfjs's WebGL backend. */
import * as tf from '@tensorflow/tfjs-core';
import type {KernelBackend} from '@tensorflow/tfjs-core';
import {BackendUnavailableError} from '../../core';
import {gpuRepairs} from '../gpu';
import {watchForFailures, type Failure} from '../failures';
import {importBackend, liveInstance, startedInstance} from '../load';
import type {BackendLoader} from '../loaders';
import {watchForLoss} from '../loss';
import {isImitation, onlyImitated} from '../softwareGpu';
import {runningInstance} from '../tfjsInternals';
import type {BackendOptions} from '../types';
import {contextFor, OTHERS, release, rendererOf} from './context';
import {webglRepairs} from './repairs';
import {contextOf, endWaiting, instanceOn} from './tfjsInternals';

/** How `useBackend('webgl')` starts tfjs's WebGL backend; needs the optional peer @tensorflow/tfjs-backend-webgl. */
export const webglLoader: BackendLoader = {
  tfjsName: 'webgl',
  repairs: [...webglRepairs, ...gpuRepairs],
  load,
  threads: () => 1,
};

async function load({softwareAdapter}: BackendOptions, isAutomatic: boolean): Promise<KernelBackend> {
  if (!tf.device_util.isBrowser()) {
    throw new BackendUnavailableError(
      "The backend 'webgl' runs in pages only, and their workers: there is no canvas here.",
      {hint: "In Node, choose 'wasm', 'webgpu' or 'node'."},
    );
  }
  const allowsSoftware = softwareAdapter ?? !isAutomatic;
  const running = liveInstance('webgl');
  if (running !== undefined) check(contextOf(running), allowsSoftware);
  const instance = running ?? (await newInstance(contextFor(allowsSoftware)));
  const context = contextOf(instance);
  await watchForFailures(instance, {
    name: 'webgl',
    ask: () => (context.isContextLost() ? undefined : errorOf(context)),
  });
  watchForLoss(instance, {
    name: 'webgl',
    isLost: () => context.isContextLost(),
    listen: lost => context.canvas.addEventListener('webglcontextlost', () => lost('the context was lost')),
    release: () => endWaiting(instance),
  });
  return instance;
}

/** Refuses an instance that runs, but not on what is asked for. */
function check(context: WebGLRenderingContext, allowsSoftware: boolean): void {
  const renderer = rendererOf(context);
  if (!allowsSoftware && isImitation(renderer)) throw onlyImitated('webgl', renderer);
  checkNumbers();
}

/** An instance that computes in this context, whatever tfjs would have chosen. */
async function newInstance(context: WebGL2RenderingContext): Promise<KernelBackend> {
  try {
    const tfjs = await importBackend('webgl', () => import('@tensorflow/tfjs-backend-webgl'));
    // tfjs would go on with programs that it compiled for the context that was lost.
    const isAgain = runningInstance('webgl') !== undefined;
    tfjs.setWebGLContext(2, context);
    checkNumbers();
    return await startedInstance('webgl', OTHERS, factory =>
      isAgain ? instanceOn(tfjs, context) : factory(),
    );
  } catch (error) {
    release(context);
    throw error;
  }
}

/** Refuses numbers that are too coarse to train with: what tfjs computes with is settled once, for all its contexts. */
function checkNumbers(): void {
  const version = tf.env().getNumber('WEBGL_VERSION');
  if (version !== 2) {
    const found = version === 0 ? 'found no WebGL' : `settled for WebGL ${version}`;
    throw new BackendUnavailableError(
      `The backend 'webgl' cannot start here: tfjs ${found} before, or was told so (its flag WEBGL_VERSION is ${version}), and WebGL 2 is needed.`,
      {hint: "Call useBackend before anything else uses tfjs's webgl, or choose 'wasm'."},
    );
  }
  if (tf.env().getBool('WEBGL_RENDER_FLOAT32_ENABLED')) return;
  throw new BackendUnavailableError(
    "The backend 'webgl' computes with 16 bits here, which is too coarse for training.",
    {hint: OTHERS},
  );
}

const errors = [
  'INVALID_ENUM',
  'INVALID_VALUE',
  'INVALID_OPERATION',
  'INVALID_FRAMEBUFFER_OPERATION',
  'OUT_OF_MEMORY',
] as const;

/** The first error since the last call. */
function errorOf(context: WebGLRenderingContext): Failure | undefined {
  const code = context.getError();
  if (code === context.NO_ERROR) return undefined;
  const name = errors.find(known => context[known] === code) ?? `error ${code}`;
  return {message: `${name}.`, isOutOfMemory: name === 'OUT_OF_MEMORY'};
}
