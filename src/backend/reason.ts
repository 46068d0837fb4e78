/** What an error says, to be put into another sentence. */
import {GlassboxError} from '../core';

/** Without the point at its end, and without what to do. */
export function reason(cause: unknown): string {
  if (cause instanceof GlassboxError) return withoutHint(cause).replace(/\.$/, '');
  const message = typeof cause === 'object' && cause !== null && 'message' in cause ? cause.message : cause;
  return String(message).replace(/\.$/, '');
}

/** The sentence that says what is wrong, without the one that says what to do. */
export function withoutHint({message, hint}: GlassboxError): string {
  return hint === undefined ? message : message.slice(0, message.length - hint.length - 1);
}
