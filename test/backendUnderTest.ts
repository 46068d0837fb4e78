/**
 * Which backend tests are about that are not about one backend: `wasm`, or what the page says that runs them
 * (test/browser), or the variable GLASSBOX_TEST_BACKEND.
 */
import type {BackendName} from '../src/backend';

interface Page {
  glassboxBackend?: BackendName;
}

const asked =
  (globalThis as Page).glassboxBackend ??
  (typeof process === 'undefined' ? undefined : process.env['GLASSBOX_TEST_BACKEND']);

export const backendUnderTest = (asked ?? 'wasm') as BackendName;

/** Whether somebody asked for a backend, so that other ones are not to be tested too. */
export const isAsked = asked !== undefined;
