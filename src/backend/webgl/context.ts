/**
 * The WebGL 2 context that tfjs is given. Left to itself, tfjs asks for one that is not imitated, unless a flag is set
 * that then holds for the rest of the program; and it goes on with WebGL 1 where there is none.
 */
import * as tf from '@tensorflow/tfjs-core';
import {BackendUnavailableError} from '../../core';
import {isImitation, onlyImitated} from '../softwareGpu';

/** What to do where there is no WebGL that will do. */
export const OTHERS = "Choose 'wasm', which runs in every page.";

/**
 * A new context, on a GPU or also on one that the processor imitates.
 *
 * @throws BackendUnavailableError where there is none
 */
export function contextFor(allowsSoftware: boolean): WebGL2RenderingContext {
  const context = newContext(!allowsSoftware);
  if (context !== null && (allowsSoftware || !isImitation(rendererOf(context)))) return context;
  // To say what there is instead.
  const refused = context ?? newContext(false);
  if (refused === null) {
    throw new BackendUnavailableError("The backend 'webgl' cannot start here: there is no WebGL 2.", {
      hint: OTHERS,
    });
  }
  const renderer = rendererOf(refused);
  release(refused);
  throw onlyImitated('webgl', renderer);
}

/** Gives a context back, of which a page has some sixteen. */
export function release(context: WebGLRenderingContext | WebGL2RenderingContext): void {
  context.getExtension('WEBGL_lose_context')?.loseContext();
}

/** What computes in a context. */
export function rendererOf(context: WebGLRenderingContext | WebGL2RenderingContext): string {
  const names = context.getExtension('WEBGL_debug_renderer_info');
  return String(context.getParameter(names?.UNMASKED_RENDERER_WEBGL ?? context.RENDERER));
}

/** @param failIfMajorPerformanceCaveat whether the browser is to refuse where it would be slow */
function newContext(failIfMajorPerformanceCaveat: boolean): WebGL2RenderingContext | null {
  // tfjs's own, but for the last.
  const attributes: WebGLContextAttributes = {
    alpha: false,
    antialias: false,
    premultipliedAlpha: false,
    preserveDrawingBuffer: false,
    depth: false,
    stencil: false,
    failIfMajorPerformanceCaveat,
  };
  // tfjs cannot wait for what an offscreen canvas computes in Safari.
  const isOffscreen = typeof OffscreenCanvas !== 'undefined' && !tf.env().getBool('IS_SAFARI');
  return isOffscreen
    ? new OffscreenCanvas(300, 150).getContext('webgl2', attributes)
    : document.createElement('canvas').getContext('webgl2', attributes);
}
