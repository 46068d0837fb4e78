import {Yielder} from '../core';

const yielder = new Yielder();

/**
 * What stands before each call of the model, never inside a tidy: where computing takes the thread, timers, clicks and
 * the signals that they give wait until the event loop has a turn.
 *
 * @throws the signal's reason.
 */
export async function nextTurn(signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  await yielder.rest();
  signal?.throwIfAborted();
}
