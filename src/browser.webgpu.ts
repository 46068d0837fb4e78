/**
 * Beside `glassbox.browser.js`: makes `'webgpu'` a backend that `useBackend` can choose.
 *
 * @packageDocumentation
 */
import './backend/webgpu';

export {};
