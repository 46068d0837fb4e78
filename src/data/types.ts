/**
 * What flows out of a data pipeline, and how its position is named.
 */

/** Where an iteration starts. */
export interface IterateOptions {
  /** Which pass over the data this is: shuffles and random transforms derive their draws from it. Default 0. */
  epoch?: number;
  /** How many elements of this pass to leave out, as if they had been read. Default 0. */
  start?: number;
  /** The seed of every stage that has none of its own (an integer). Default 0. */
  seed?: number;
}

/** One pass over a dataset, also for `for await`. Elements belong to the reader, who disposes their tensors. */
export interface DataIterator<T> extends AsyncIterable<T> {
  next(): Promise<IteratorResult<T, undefined>>;
  /** Ends the pass early and gives back whatever the pipeline holds. Idempotent. */
  return(): Promise<IteratorResult<T, undefined>>;
  /** Elements given out in this pass, those left out by `start` included. */
  readonly position: number;
  [Symbol.asyncIterator](): DataIterator<T>;
}
