/** Runs kernels on the calling thread. */
import type {Executor} from './engine';
import type {Kernel} from './instantiate';

export class SingleThread implements Executor {
  readonly threads = 1;
  readonly works = true;

  constructor(private readonly kernels: ReadonlyMap<string, Kernel>) {}

  run(name: string, args: number, chunks: number, scratch: readonly number[]): void {
    const kernel = this.kernels.get(name);
    if (kernel === undefined) throw new Error(`There is no kernel '${name}' in the module.`);
    for (let chunk = 0; chunk < chunks; chunk++) kernel(args, chunk, scratch[0]!);
  }

  dispose(): void {
    // Nothing of its own.
  }
}
