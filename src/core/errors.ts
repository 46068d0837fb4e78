/**
 * Every error that glassbox throws on purpose: one base class with a stable `code` for programs and a
 * `hint` for people, and one subclass for each kind of cause.
 */

/** What an error carries beside its message. */
export interface ErrorDetails {
  /** What to do about it, in one sentence. Appended to the message. */
  hint?: string;
  /** A stable identifier, such as `'shape/batch'`; defaults to the class's own. */
  code?: string;
  /** The error behind this one. */
  cause?: unknown;
}

/** The base of all errors thrown on purpose. `code` is stable between releases; `hint` says what to do. */
export class GlassboxError extends Error {
  override readonly name: string = 'GlassboxError';
  readonly code: string;
  readonly hint: string | undefined;

  constructor(message: string, {hint, code = 'glassbox', cause}: ErrorDetails = {}) {
    super(hint === undefined ? message : `${message} ${hint}`, cause === undefined ? undefined : {cause});
    this.code = code;
    this.hint = hint;
  }
}

/** A backend cannot run here, or does not compute what it should. */
export class BackendUnavailableError extends GlassboxError {
  override readonly name: string = 'BackendUnavailableError';

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, {code: 'backend', ...details});
  }
}

/** The device that a backend computes on is gone, and every tensor on it: a GPU that was reset, a lost WebGL context. */
export class DeviceLostError extends GlassboxError {
  override readonly name: string = 'DeviceLostError';

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, {code: 'device-lost', ...details});
  }
}

/** A backend's memory has no room for what a call needs. */
export class OutOfMemoryError extends GlassboxError {
  override readonly name: string = 'OutOfMemoryError';

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, {code: 'memory', ...details});
  }
}

/** An option, a name or a combination of them that cannot mean anything. */
export class ConfigurationError extends GlassboxError {
  override readonly name: string = 'ConfigurationError';

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, {code: 'configuration', ...details});
  }
}

/** A tensor or an array whose shape does not fit where it is used. */
export class ShapeError extends GlassboxError {
  override readonly name: string = 'ShapeError';

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, {code: 'shape', ...details});
  }
}

/** Data that cannot be trained on: empty, labels out of range, NaN, sources of different lengths. */
export class DataError extends GlassboxError {
  override readonly name: string = 'DataError';

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, {code: 'data', ...details});
  }
}

/** A layer, or a configuration of it, that the operation at hand cannot handle. */
export class UnsupportedLayerError extends GlassboxError {
  override readonly name: string = 'UnsupportedLayerError';

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, {code: 'layer', ...details});
  }
}

/** A checkpoint that is damaged, missing, or of another model. */
export class CheckpointError extends GlassboxError {
  override readonly name: string = 'CheckpointError';

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, {code: 'checkpoint', ...details});
  }
}

/** A loss, gradient or weight that became NaN or infinite. */
export class NonFiniteError extends GlassboxError {
  override readonly name: string = 'NonFiniteError';

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, {code: 'non-finite', ...details});
  }
}

/**
 * The error for a name that is not known: lists what is, the nearest first.
 *
 * @example
 * throw unknownName('optimizer', 'adma', ['adam', 'sgd']);
 * // ConfigurationError: Unknown optimizer 'adma'. Did you mean 'adam'? Known: adam, sgd.
 */
export function unknownName(kind: string, name: string, known: readonly string[]): ConfigurationError {
  const ranked = [...known].sort((a, b) => editDistance(name, a) - editDistance(name, b));
  const nearest = ranked[0];
  const guess =
    nearest !== undefined && editDistance(name, nearest) <= 3 ? `Did you mean '${nearest}'? ` : '';
  return new ConfigurationError(`Unknown ${kind} '${name}'.`, {
    hint: `${guess}Known: ${[...known].sort().join(', ')}.`,
    code: 'configuration/unknown-name',
  });
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({length: b.length + 1}, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = previous[j - 1]! + (a[i - 1]!.toLowerCase() === b[j - 1]!.toLowerCase() ? 0 : 1);
      current.push(Math.min(substitution, previous[j]! + 1, current[j - 1]! + 1));
    }
    previous = current;
  }
  return previous[b.length]!;
}
