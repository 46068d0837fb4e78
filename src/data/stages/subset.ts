import {disposeElement} from '../elements';
import {DataError} from '../../core';
import type {Awaitable, Pass, View} from '../stage';
import {Stage, andThen} from '../stage';
import {watchTensors} from '../tfjsInternals';
import {reorder} from './shuffle';

/** The class of an element. Of a row (a one-hot label, a scalar of a tensor source) the values count. */
export type Label = number | string | boolean | {readonly values: ArrayLike<number>};

/** The indices of each part, from the number of elements and, where asked for, their classes. */
export type Plan = (total: number, labels: readonly string[]) => readonly Uint32Array[];

/** Classes are read from one fixed pass: the parts must not depend on which pass came first. */
const PLANNING: Pass = {seed: 0, epoch: 0, rounds: []};

/** Which elements belong to which part: worked out at once where that needs no waiting, else at the first pass. */
export class Partition<T> {
  private parts: readonly Uint32Array[] | undefined;
  private planning: Promise<void> | undefined;

  constructor(
    readonly source: Stage<T>,
    private readonly plan: Plan,
    private readonly label: ((element: T) => Label) | undefined,
  ) {
    if (label === undefined && source.size !== undefined) this.parts = plan(source.size, []);
    else if (source.immediate) {
      const view = source.view(PLANNING);
      const labels = Array.from({length: view.length}, (_, i) => this.labelOf(view.at(i) as T));
      this.parts = plan(view.length, labels);
    }
  }

  prepare(pass: Pass): Awaitable<void> {
    return andThen(this.source.prepare(pass), () => {
      if (this.parts !== undefined) return undefined;
      this.planning ??= this.planLater().finally(() => {
        this.planning = undefined;
      });
      return this.planning;
    });
  }

  /** Undefined before `prepare` where the parts depend on elements not read yet. */
  indices(part: number): Uint32Array | undefined {
    return this.parts?.[part];
  }

  private async planLater(): Promise<void> {
    await this.source.prepare(PLANNING);
    const view = this.source.view(PLANNING);
    const labels: string[] = [];
    if (this.label !== undefined) {
      for (let i = 0; i < view.length; i++) labels.push(this.labelOf(await view.at(i)));
    }
    this.parts = this.plan(view.length, labels);
  }

  private labelOf(element: T): string {
    try {
      const {result, made} = watchTensors(() => this.label!(element));
      disposeElement(made);
      if (typeof result === 'object' && result !== null && 'values' in result)
        return Array.from(result.values).join();
      if (typeof result === 'number' || typeof result === 'string' || typeof result === 'boolean')
        return `${result}`;
      throw new DataError(`The function given as stratify returned ${String(result)}.`, {
        hint: 'Return the class of the element: a number, a word or a row of the labels.',
        code: 'data/stratify',
      });
    } finally {
      disposeElement(element);
    }
  }
}

/** One part of a partition. */
export class SubsetStage<T> extends Stage<T> {
  override readonly seekable = true;

  constructor(
    private readonly partition: Partition<T>,
    private readonly part: number,
  ) {
    super([partition.source]);
  }

  override get size(): number | undefined {
    return this.partition.indices(this.part)?.length;
  }

  override get immediate(): boolean {
    return this.size !== undefined && super.immediate;
  }

  override prepare(pass: Pass): Awaitable<void> {
    return this.partition.prepare(pass);
  }

  override view(pass: Pass): View<T> {
    return reorder(this.partition.source.view(pass), this.partition.indices(this.part)!);
  }
}
