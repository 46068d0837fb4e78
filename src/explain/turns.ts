import {ConfigurationError, Yielder, asGiven} from '../core';

const yielder = new Yielder();

/**
 * What stands before each call of the model, never inside a tidy: where computing takes the thread, timers, clicks and
 * the signals that they give wait until the event loop has a turn.
 *
 * @throws the signal's reason.
 */
export async function nextTurn(signal: AbortSignal | undefined): Promise<void> {
  checkSignal(signal);
  await yielder.rest();
  signal?.throwIfAborted();
}

/** @throws ConfigurationError for what is no signal, else the signal's reason if it was given. */
export function checkSignal(signal: AbortSignal | undefined): void {
  if (signal && !('throwIfAborted' in signal)) {
    throw new ConfigurationError(`signal is ${asGiven(signal)}.`, {
      hint: 'Give the signal of an AbortController: controller.signal.',
    });
  }
  signal?.throwIfAborted();
}
