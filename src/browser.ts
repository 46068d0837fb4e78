/**
 * The ready bundle for a page without a bundler: all of glassbox, and the one copy of tfjs that it works on.
 *
 * The engine's `.wasm` files lie beside the bundle, so that a page needs nothing but
 * `import {Trainer, tf, layers} from './glassbox.browser.js'`.
 *
 * @packageDocumentation
 */
import {setWasmPaths} from '@tensorflow/tfjs-backend-wasm';

export * from './index';
export * from './track';
export * as explain from './explain';
export * as tf from '@tensorflow/tfjs-core';
export * as layers from '@tensorflow/tfjs-layers';

setWasmPaths(new URL('./', import.meta.url).href);
