/**
 * Running a user's function on an element: its random numbers, and who disposes what.
 */
import type {Tensor} from '@tensorflow/tfjs-core';
import {Random} from '../core';
import {disposeElement, tensorsIn} from './elements';
import type {Awaitable, Pass} from './stage';
import {watchTensors} from './tfjsInternals';

/** What a transform knows beside the element. */
export interface TransformContext {
  /** A stream of its own for each (seed, epoch, index), so that draws depend on nothing else. */
  readonly random: Random;
  /** The element's position in what enters the stage in this pass. */
  readonly index: number;
  readonly epoch: number;
}

/** A function of an element, for `map` and `filter`; it may be asynchronous. */
export type Transform<T, U> = (element: T, context: TransformContext) => Awaitable<U>;

/** The context of one element; its random stream is made when asked for. */
export class ElementContext implements TransformContext {
  private stream: Random | undefined;

  constructor(
    private readonly pass: Pass,
    private readonly stage: string,
    private readonly depth: number,
    readonly index: number,
  ) {}

  get epoch(): number {
    return this.pass.epoch;
  }

  get random(): Random {
    const {seed, epoch, rounds} = this.pass;
    this.stream ??= new Random(seed, this.stage, this.depth, this.index, epoch, ...rounds);
    return this.stream;
  }
}

/**
 * Runs `use` on an element. Of the element's tensors and of those that `use` made (an asynchronous function: made
 * before its first `await`), only the ones that `kept` finds in the result survive; on an error none does.
 */
export function runOwned<T, R>(
  element: T,
  use: (element: T) => Awaitable<R>,
  kept: (result: R) => Set<Tensor>,
): Awaitable<R> {
  let made: Tensor[] = [];
  const clear = (keep?: ReadonlySet<Tensor>): void => {
    disposeElement(element, keep);
    disposeElement(made, keep);
  };
  const settle = (result: R): R => {
    clear(kept(result));
    return result;
  };
  try {
    const watched = watchTensors(() => use(element));
    made = watched.made;
    const {result} = watched;
    if (!isPromise(result)) return settle(result);
    return result.then(settle, (error: unknown) => {
      clear();
      throw error;
    });
  } catch (error) {
    clear();
    throw error;
  }
}

/** Runs a transform: what the result does not hold is disposed. */
export function transform<T, U>(fn: Transform<T, U>, element: T, context: TransformContext): Awaitable<U> {
  return runOwned(element, input => fn(input, context), tensorsIn);
}

function isPromise<R>(value: Awaitable<R>): value is Promise<R> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
