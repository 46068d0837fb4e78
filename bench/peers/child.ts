import {fork} from 'node:child_process';
import type {ChildProcess} from 'node:child_process';
import {fileURLToPath} from 'node:url';
import type {Job, Peer} from './job';
import type {Answer, Request} from './process';

/** A peer in a process of its own, started when it is first asked. */
export class ChildPeer implements Peer {
  private child: ChildProcess | undefined;

  constructor(
    readonly name: string,
    /** A key of `peers` in process.ts. */
    private readonly kind: string,
    private readonly threads = 1,
  ) {}

  async measure(job: Job, times: number): Promise<number[]> {
    return this.ask({job, times});
  }

  async rest(): Promise<void> {
    if (this.child !== undefined) await this.ask('rest');
  }

  async close(): Promise<void> {
    this.child?.disconnect();
    this.child = undefined;
  }

  private async ask(request: Request): Promise<number[]> {
    const child = (this.child ??= this.start());
    const answer = await new Promise<Answer>((resolve, reject) => {
      const ended = (): void => {
        this.child = undefined;
        reject(new Error(`the process of ${this.name} ended`));
      };
      child.once('exit', ended);
      child.once('message', (message: Answer) => {
        child.off('exit', ended);
        resolve(message);
      });
      child.send(request);
    });
    if ('failure' in answer) throw new Error(answer.failure);
    return answer.measured;
  }

  private start(): ChildProcess {
    // What tfjs prints is not wanted; errors are.
    return fork(fileURLToPath(new URL('process.ts', import.meta.url)), [this.kind, String(this.threads)], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
  }
}
