/**
 * In Node, emscripten's start-up code adds process-wide listeners that throw again what they are told: a
 * program's own handlers of uncaught errors and rejections would then end it, with exit code 7. And where an
 * instance is disposed, it takes away every listener that there was at its start, the program's too.
 */
import type {Repair} from './types';

export const processListeners: Repair = {
  id: 'wasm/process-listeners',
  description:
    'In Node, tfjs takes over the handling of uncaught errors and rejections of the whole process; its listeners are removed where useBackend starts it.',
  backends: ['wasm'],
};

const events = ['uncaughtException', 'unhandledRejection'] as const;

interface Emitter {
  rawListeners(event: string): unknown[];
  on(event: string, listener: unknown): unknown;
  removeListener(event: string, listener: unknown): unknown;
}

/**
 * Runs `start`, and takes away the listeners that it left on the process (nothing
 * of this in a page).
 */
export async function withoutNewListeners<T>(start: () => T | Promise<T>): Promise<T> {
  const {process} = globalThis as {process?: Partial<Emitter>};
  if (!isEmitter(process)) return start();
  const before = events.map(event => ({event, listeners: process.rawListeners(event)}));
  try {
    return await start();
  } finally {
    for (const {event, listeners} of before) {
      for (const listener of process.rawListeners(event)) {
        // The program may have added its own meanwhile; emscripten's do nothing but throw.
        if (!listeners.includes(listener) && /\bthrow\b/.test(String(listener)))
          process.removeListener(event, listener);
      }
    }
  }
}

/** Runs `dispose`, and puts back the listeners that it took away from the process. */
export function restoringListeners(dispose: () => void): void {
  const {process} = globalThis as {process?: Partial<Emitter>};
  if (!isEmitter(process)) return dispose();
  const before = events.map(event => ({event, listeners: process.rawListeners(event)}));
  dispose();
  for (const {event, listeners} of before) {
    const left = process.rawListeners(event);
    for (const listener of listeners) if (!left.includes(listener)) process.on(event, listener);
  }
}

/** A page's stand-in for `process` often has none of this. */
function isEmitter(process: Partial<Emitter> | undefined): process is Emitter {
  return (
    typeof process?.rawListeners === 'function' &&
    typeof process.on === 'function' &&
    typeof process.removeListener === 'function'
  );
}
