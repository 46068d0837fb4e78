/**
 * A program for a child process: what becomes of its own handlers of errors after `useBackend`, called as many
 * times at once as its argument says.
 */
import {useBackend} from '../../src/backend';

const early: string[] = [];
process.on('uncaughtException', error => early.push(error.message));
await Promise.all(Array.from({length: Number(process.argv[2])}, () => useBackend('wasm')));
const counts = [process.listenerCount('uncaughtException'), process.listenerCount('unhandledRejection')];
const late: string[] = [];
process.on('unhandledRejection', reason => late.push((reason as Error).message));
process.on('uncaughtException', error => late.push(error.message));
void Promise.reject(new Error('rejected'));
setTimeout(() => {
  throw new Error('thrown');
}, 5);
setTimeout(() => process.stdout.write(JSON.stringify({counts, early, late})), 20);
