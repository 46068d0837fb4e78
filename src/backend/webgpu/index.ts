/**
 * The backend `'webgpu'`: a GPU in a page, and in Node by the npm package `webgpu`. Importing this makes it one that
 * `useBackend` can choose.
 *
 * @packageDocumentation
 */
import {registerLoader} from '../loaders';
import {webgpuLoader} from './loader';

registerLoader('webgpu', webgpuLoader);

export {};
