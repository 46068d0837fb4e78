import type {ArrayTable} from '../arrays';
import type {Awaitable, Pass, View} from '../stage';
import {Stage} from '../stage';

/** The rows of a table in their order. */
export class ArrayStage<T> extends Stage<T> {
  override readonly size: number;
  override readonly seekable = true;

  constructor(private readonly table: ArrayTable) {
    super([]);
    this.size = table.length;
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
