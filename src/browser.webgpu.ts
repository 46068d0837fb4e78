/**
 * Beside `glassbox.browser.js`: makes `'webgpu'` a backend that `useBackend` can choose.
 *
 * @packageDocumentation
 */
export {webgpuLoader} from './backend/webgpu';
