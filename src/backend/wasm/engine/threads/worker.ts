/**
 * The program of a worker, which scripts/kernels.ts makes one string of: it runs in Node and in browsers, with no
 * file to load or serve.
 */
import {instantiateKernels} from '../instantiate';
import {serveCalls, type Report, type WorkerStart} from './controlBlock';

/** Node's module, which ./spawn.ts puts before the program there. */
declare const workerThreads: WorkerThreads | undefined;

interface WorkerThreads {
  workerData: WorkerStart;
  parentPort: {postMessage(message: Report): void};
}

function start({module, memory, block, thread}: WorkerStart, ready: () => void): void {
  const kernels = [...instantiateKernels(module, memory).values()];
  ready();
  serveCalls(block, kernels, thread);
}

if (typeof workerThreads === 'object') {
  const {workerData, parentPort} = workerThreads;
  start(workerData, () => parentPort.postMessage('ready'));
} else {
  const report = (message: Report) => postMessage(message);
  onmessage = (event: MessageEvent<WorkerStart>) => start(event.data, () => report('ready'));
  onmessageerror = () => report('unreadable');
}
