/**
 * A program for a child process: what becomes of its own handlers of errors after `useBackend`.
 */
import {useBackend} from '../../src/backend';

const quiet = (): void => undefined;
process.on('uncaughtException', quiet);
await Promise.all([useBackend('wasm'), useBackend('wasm')]);
process.off('uncaughtException', quiet);
const left = [process.listenerCount('uncaughtException'), process.listenerCount('unhandledRejection')];
const seen: string[] = [];
process.on('unhandledRejection', reason => seen.push((reason as Error).message));
process.on('uncaughtException', error => seen.push(error.message));
void Promise.reject(new Error('rejected'));
setTimeout(() => {
  throw new Error('thrown');
}, 5);
setTimeout(() => process.stdout.write(JSON.stringify({left, seen})), 20);
