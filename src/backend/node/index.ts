/**
 * The backend `'node'`: libtensorflow, by the npm package `@tensorflow/tfjs-node`. Importing this makes it one that
 * `useBackend` can choose.
 *
 * @packageDocumentation
 */
import {registerLoader} from '../loaders';
import {nodeLoader} from './loader';

registerLoader('node', nodeLoader);

export {};
