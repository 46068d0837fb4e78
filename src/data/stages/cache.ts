import * as tf from '@tensorflow/tfjs-core';
import {disposeElement, isHostArray, isTypedArray, mapLeaves, tensorsIn} from '../elements';
import type {Awaitable, Cursor, Pass, View} from '../stage';
import {DONE, Stage, andThen, viewCursor} from '../stage';

/** Keeps the elements of the first complete pass in host memory. */
export class CacheStage<T> extends Stage<T> {
  override readonly size: number | undefined;
  override readonly seekable = true;
  /** By seed, where anything above draws from it. */
  private readonly complete = new Map<number, readonly unknown[]>();
  private readonly filling = new Map<number, Promise<void>>();

  constructor(private readonly parent: Stage<T>) {
    super([parent]);
    this.size = parent.size;
  }

  override get immediate(): boolean {
    return false;
  }

  override prepare(pass: Pass): Awaitable<void> {
    const frozen = this.freeze(pass);
    if (!this.parent.seekable) return this.fill(frozen);
    return andThen(this.parent.prepare(frozen), () =>
      this.parent.view(frozen).rows === undefined ? this.fill(frozen) : undefined,
    );
  }

  override view(pass: Pass): View<T> {
    const frozen = this.freeze(pass);
    const elements = this.complete.get(frozen.seed);
    // Rows of arrays are in host memory already.
    if (elements === undefined) return this.parent.view(frozen);
    return {length: elements.length, at: position => thaw(elements[position]) as T, concurrency: 1};
  }

  override async open(pass: Pass, start: number): Promise<Cursor<T>> {
    const frozen = this.freeze(pass);
    if (this.parent.seekable) {
      await this.parent.prepare(frozen);
      const view = this.parent.view(frozen);
      if (view.rows !== undefined) return viewCursor(view, start);
    }
    if (this.complete.has(frozen.seed)) return viewCursor(this.view(pass), start);
    const source = await this.parent.open(frozen, start);
    // Only a pass from the first element on can become complete.
    return start > 0 ? source : new RecordingCursor(source, elements => this.keep(frozen.seed, elements));
  }

  /** What is cached must not depend on which pass came first: it is always epoch 0, not inside any repeat. */
  private freeze(pass: Pass): Pass {
    return {seed: this.parent.random ? pass.seed : 0, epoch: 0, rounds: []};
  }

  private keep(seed: number, elements: readonly unknown[]): void {
    if (!this.complete.has(seed)) this.complete.set(seed, elements);
  }

  private fill(frozen: Pass): Awaitable<void> {
    const {seed} = frozen;
    if (this.complete.has(seed)) return undefined;
    let filling = this.filling.get(seed);
    if (filling === undefined) {
      filling = this.readAll(frozen).finally(() => this.filling.delete(seed));
      this.filling.set(seed, filling);
    }
    return filling;
  }

  private async readAll(frozen: Pass): Promise<void> {
    const source = await this.parent.open(frozen, 0);
    const cursor = new RecordingCursor(source, elements => this.keep(frozen.seed, elements));
    for (let item = await cursor.next(); item.done !== true; item = await cursor.next())
      disposeElement(item.value);
  }
}

class RecordingCursor<T> implements Cursor<T> {
  private readonly elements: unknown[] = [];
  private ended = false;

  constructor(
    private readonly source: Cursor<T>,
    private readonly finish: (elements: readonly unknown[]) => void,
  ) {}

  async next(): Promise<IteratorResult<T, undefined>> {
    if (this.ended) return DONE;
    let item: IteratorResult<T, undefined> = DONE;
    try {
      item = await this.source.next();
      if (item.done !== true) {
        this.elements.push(await freezeElement(item.value));
        return item;
      }
    } catch (error) {
      disposeElement(item.value);
      await this.return();
      throw error;
    }
    this.ended = true;
    this.finish(this.elements);
    return DONE;
  }

  async return(): Promise<void> {
    this.ended = true;
    await this.source.return();
  }
}

/** A tensor in host memory. */
class FrozenTensor {
  constructor(
    readonly values: tf.TypedArray | string[],
    readonly shape: number[],
    readonly dtype: tf.DataType,
  ) {}
}

/** A copy in host memory: a source may use its buffers again. */
async function freezeElement(element: unknown): Promise<unknown> {
  const frozen = new Map<unknown, FrozenTensor>();
  for (const tensor of tensorsIn(element)) {
    const values: Float32Array | Int32Array | Uint8Array | string[] = await tensor.data<tf.DataType>();
    frozen.set(tensor, new FrozenTensor(values.slice(), tensor.shape.slice(), tensor.dtype));
  }
  return mapLeaves(element, leaf => {
    if (isTypedArray(leaf)) return leaf.slice();
    if (isHostArray(leaf)) return {...leaf, values: leaf.values.slice()};
    return frozen.get(leaf) ?? leaf;
  });
}

function thaw(element: unknown): unknown {
  return mapLeaves(element, leaf =>
    leaf instanceof FrozenTensor ? tf.tensor(leaf.values, leaf.shape, leaf.dtype) : leaf,
  );
}
