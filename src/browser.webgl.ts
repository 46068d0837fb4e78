/**
 * Beside `glassbox.browser.js`: makes `'webgl'` a backend that `useBackend` can choose.
 *
 * @packageDocumentation
 */
import './backend/webgl';

export {};
