import {execFile} from 'node:child_process';
import {existsSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';
import type {Job, Peer} from './job';

const run = promisify(execFile);
const PYTHON = '/usr/bin/python3';
const SCRIPT = fileURLToPath(new URL('../../../shared/peers/torch_bench.py', import.meta.url));

/** PyTorch on the CPU. Its script starts anew for every measurement, and says the median of its steps. */
export class TorchPeer implements Peer {
  readonly name: string;

  private constructor(
    version: string,
    private readonly threads: number,
  ) {
    this.name = `PyTorch ${version}${threads > 1 ? `, ${threads} threads` : ''}`;
  }

  /** Undefined, or the reason in words, where there is no PyTorch. */
  static async find(threads: number): Promise<TorchPeer | string> {
    if (!existsSync(SCRIPT)) return 'shared/peers/torch_bench.py is not beside this repository';
    try {
      const {stdout} = await run(PYTHON, ['-c', 'import torch; print(torch.__version__)']);
      return new TorchPeer(stdout.trim().replace(/a0.*$/, ''), threads);
    } catch {
      return `${PYTHON} cannot import torch`;
    }
  }

  async measure(job: Job, times: number): Promise<number[]> {
    if (job.kind !== 'step' || job.batch !== undefined || job.width !== undefined) {
      throw new Error('not measured');
    }
    const {stdout} = await run(PYTHON, [
      SCRIPT,
      ...['--threads', String(this.threads), '--only', job.workload, '--steps', String(times)],
    ]);
    const {ms} = JSON.parse(stdout) as {ms: number};
    return [ms];
  }

  async rest(): Promise<void> {}

  async close(): Promise<void> {}
}
