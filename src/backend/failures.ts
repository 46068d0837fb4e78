/**
 * What happens when a GPU refuses a program or has no memory left. It says so beside the results, where tfjs does not
 * look: what should have been computed stays whatever its memory held before. Whoever reads afterwards gets a typed
 * error instead.
 */
import type {KernelBackend} from '@tensorflow/tfjs-core';
import {BackendUnavailableError, OutOfMemoryError} from '../core';
import {attached, replaceMethod} from './tfjsInternals';

/** What a GPU says of a failure. */
export interface Failure {
  /** In the GPU's own words. */
  readonly message: string;
  readonly isOutOfMemory: boolean;
}

/** How failures on an instance's device are heard of. */
export interface FailureSource {
  /** The name of the backend, for the message. */
  readonly name: string;
  /** Calls `failed` for each failure that the device tells of. */
  listen?(failed: (failure: Failure) => void): void;
  /** The first failure since the last call, where the device has to be asked. */
  ask?(): Failure | undefined;
  /** Waits for what the device has been given to do. */
  finish?(): Promise<unknown>;
}

interface Watch {
  /** The first failure since the backend was chosen. */
  error?: Error | undefined;
  /** Whether somebody has been told. */
  isTold?: boolean;
  /** Throws the failure, if there is one. */
  check(): void;
}

/**
 * Has what is read from an instance after a failure refused, until this is called again.
 *
 * @throws BackendUnavailableError, OutOfMemoryError for a failure that no read has told of yet, once
 */
export async function watchForFailures(
  instance: KernelBackend,
  {name, listen, ask, finish}: FailureSource,
): Promise<void> {
  let isNew = false;
  const watch = attached(instance, 'failures', () => {
    isNew = true;
    const made: Watch = {
      check() {
        const failure = ask?.();
        if (failure !== undefined) failed(failure);
        if (made.error === undefined) return;
        made.isTold = true;
        throw made.error;
      },
    };
    const failed = (failure: Failure): void => {
      made.error ??= errorOf(name, failure);
    };
    listen?.(failed);
    replaceMethod(instance, 'readSync', read => dataId => {
      const values = read(dataId);
      made.check();
      return values;
    });
    replaceMethod(instance, 'read', read => async dataId => {
      try {
        return await read(dataId);
      } finally {
        // Rather this than what a read that could not be done says.
        made.check();
      }
    });
    return made;
  });
  if (isNew) return;
  // What waited for its turn beside a refused program fails with it.
  await finish?.();
  if (watch.isTold !== true) watch.check();
  ask?.();
  watch.error = undefined;
  watch.isTold = false;
}

function errorOf(name: string, {message: whole, isOutOfMemory}: Failure): Error {
  // Chromium adds what it was doing meanwhile, line by line.
  const [message] = whole.split('\n');
  if (isOutOfMemory) {
    return new OutOfMemoryError(`The GPU of the backend '${name}' has no memory left: ${message}`, {
      hint: 'What was computed last is not valid. Dispose tensors, or take smaller batches; then call useBackend again.',
    });
  }
  return new BackendUnavailableError(`The GPU of the backend '${name}' refused a program: ${message}`, {
    hint: 'What was computed last is not valid. Call useBackend again to go on, without that operation or on another backend, and report this with the operation and its shapes.',
    code: 'backend/program',
  });
}
