/**
 * The backend `'webgl'`: a page's GPU, in every browser. Importing this makes it one that `useBackend` can choose.
 *
 * @packageDocumentation
 */
import {registerLoader} from '../loaders';
import {webglLoader} from './loader';

registerLoader('webgl', webglLoader);

export {};
