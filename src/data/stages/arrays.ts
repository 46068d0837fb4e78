import type {ArrayTable} from '../arrays';
import type {Awaitable, NumberTypes, Pass, View} from '../stage';
import {Stage} from '../stage';

/** The rows of a table in their order. */
export class ArrayStage<T> extends Stage<T> {
  override readonly size: number;
  override readonly seekable = true;
  override readonly numberTypes: NumberTypes;

  constructor(private readonly table: ArrayTable) {
    super([]);
    this.size = table.length;
    this.numberTypes = table.numberTypes;
  }

  override get immediate(): boolean {
    return this.table.loaded;
  }

  override prepare(): Awaitable<void> {
    return this.table.load();
  }

  override view(_pass: Pass): View<T> {
    const {table} = this;
    return {
      length: table.length,
      at: position => table.element(position) as T,
      concurrency: 1,
      rows: {table, key: position => position},
    };
  }
}
