/**
 * Beside `glassbox.browser.js`: makes `'webgl'` a backend that `useBackend` can choose.
 *
 * @packageDocumentation
 */
export {webglLoader} from './backend/webgl';
