/** Starting tfjs's WebGL backend. */
import * as tf from '@tensorflow/tfjs-core';
import type {KernelBackend} from '@tensorflow/tfjs-core';
import {BackendUnavailableError} from '../../core';
import {watchForFailures, type Failure} from '../failures';
import {importBackend, startedInstance} from '../load';
import type {BackendLoader} from '../loaders';
import {lossOf, watchForLoss} from '../loss';
import {runningInstance} from '../tfjsInternals';
import type {BackendOptions} from '../types';
import {webglRepairs} from './repairs';
import {contextOf, endWaiting, instanceOnNewContext} from './tfjsInternals';

/**
 * How `useBackend('webgl')` starts tfjs's WebGL backend; needs the optional peer @tensorflow/tfjs-backend-webgl.
 *
 * @example
 * webglLoader.tfjsName; // 'webgl'
 */
export const webglLoader: BackendLoader = {
  tfjsName: 'webgl',
  repairs: webglRepairs,
  load,
  threads: () => 1,
};

const OTHERS = "Choose 'wasm', which runs in every page.";

async function load({softwareAdapter}: BackendOptions, isAutomatic: boolean): Promise<KernelBackend> {
  if (!tf.device_util.isBrowser()) {
    throw new BackendUnavailableError(
      "The backend 'webgl' runs in pages only, and their workers: there is no canvas here.",
      {hint: "In Node, choose 'wasm', 'webgpu' or 'node'."},
    );
  }
  const renderer = rendererName();
  if (renderer === undefined) {
    throw new BackendUnavailableError("The backend 'webgl' cannot start here: there is no WebGL 2.", {
      hint: OTHERS,
    });
  }
  if (isAutomatic && softwareAdapter !== true && imitations.test(renderer)) {
    throw new BackendUnavailableError(
      `The backend 'webgl' finds no GPU here, only one that the processor imitates (${renderer}).`,
      {hint: OTHERS},
    );
  }
  const tfjs = await importBackend('webgl', () => import('@tensorflow/tfjs-backend-webgl'));
  if (softwareAdapter === true) tf.env().set('SOFTWARE_WEBGL_ENABLED', true);
  const before = runningInstance('webgl');
  // tfjs would go on with programs that it compiled for the context that was lost.
  const isAgain = before !== undefined && lossOf(before) !== undefined;
  const instance = await startedInstance('webgl', OTHERS, factory =>
    isAgain ? instanceOnNewContext(tfjs) : factory(),
  );
  if (tf.env().getNumber('WEBGL_VERSION') !== 2 || !tf.env().getBool('WEBGL_RENDER_FLOAT32_ENABLED')) {
    throw new BackendUnavailableError(
      "The backend 'webgl' computes with 16 bits here, which is too coarse for training.",
      {hint: OTHERS},
    );
  }
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

const imitations = /swiftshader|llvmpipe|softpipe|basic render/i;

/** What computes WebGL 2 here; undefined where nothing does. */
function rendererName(): string | undefined {
  const context =
    typeof OffscreenCanvas === 'undefined'
      ? document.createElement('canvas').getContext('webgl2')
      : new OffscreenCanvas(1, 1).getContext('webgl2');
  if (context === null) return undefined;
  const names = context.getExtension('WEBGL_debug_renderer_info');
  const name: unknown = context.getParameter(names?.UNMASKED_RENDERER_WEBGL ?? context.RENDERER);
  context.getExtension('WEBGL_lose_context')?.loseContext();
  return String(name);
}
