/**
 * This library, as a user of `Trainer` gets it.
 */
import {useBackend} from 'glassbox';
import type {BackendOptions} from 'glassbox';
import {TrainerLoop} from '../trainerLoop';
import {multiHeadAttention} from '../multiHeadAttention';
import {workloadNamed} from '../workloads';
import type {Prepare, Ready} from './job';
import {conv, matMul} from './operations';
import {peakBytes} from './peakBytes';
import {multiplyAdds} from './work';

export async function start(threads: number): Promise<Prepare> {
  const options: BackendOptions & {threads: number} = {threads};
  const backend = await useBackend('wasm', options);
  if (backend.threads !== threads) throw new Error(`runs on ${backend.threads} threads, not ${threads}`);
  return job => {
    switch (job.kind) {
      case 'step':
        return new TrainerLoop(workloadNamed(job.workload), job);
      case 'matMul':
        return matMul(job);
      case 'conv':
        return conv(job);
      case 'peakBytes':
        return peakOf(new TrainerLoop(workloadNamed(job.workload), job));
      case 'work':
        return workOf(job.workload, job.width);
    }
  };
}

function peakOf(loop: TrainerLoop): Ready {
  return {run: async times => [await peakBytes(() => loop.run(times))], close: () => loop.close()};
}

function workOf(workload: string, width: number): Ready {
  const model = workloadNamed(workload).build(width, multiHeadAttention);
  return {run: async () => [multiplyAdds(model)], close: () => void model.dispose()};
}
