import {disposeElement, joinPath} from '../elements';
import type {DataType} from '../elements';
import type {Awaitable, Cursor, NumberTypes, Pass, RowKey, View} from '../stage';
import {DONE, Stage, andThen} from '../stage';

/** Several datasets side by side, as far as the shortest goes. */
export class ZipStage<T> extends Stage<T> {
  override readonly size: number | undefined;
  override readonly seekable: boolean;
  override readonly numberTypes: NumberTypes;

  /** `keys` are undefined for a tuple. */
  constructor(
    private readonly stages: readonly Stage<unknown>[],
    private readonly keys: readonly string[] | undefined,
  ) {
    super(stages);
    const sizes = stages.map(stage => stage.size);
    this.size = sizes.some(size => size === undefined) ? undefined : Math.min(...(sizes as number[]));
    this.seekable = stages.every(stage => stage.seekable);
    const types = new Map<string, DataType>();
    stages.forEach((stage, i) => {
      const prefix = joinPath('', keys?.[i] ?? i);
      for (const [path, type] of stage.numberTypes ?? []) {
        types.set(path === '' || path.startsWith('[') ? prefix + path : `${prefix}.${path}`, type);
      }
    });
    this.numberTypes = types;
  }

  override prepare(pass: Pass): Awaitable<void> {
    const waiting = this.stages.map(stage => stage.prepare(pass)).filter(item => item instanceof Promise);
    return waiting.length === 0 ? undefined : Promise.all(waiting).then(() => undefined);
  }

  override view(pass: Pass): View<T> {
    const views = this.stages.map(stage => stage.view(pass));
    const rows = views.map(view => view.rows).filter(row => row !== undefined);
    return {
      length: Math.min(...views.map(view => view.length)),
      at: position => this.together(views.map(view => attempt(() => view.at(position)))),
      concurrency: Math.max(...views.map(view => view.concurrency)),
      rows:
        rows.length < views.length
          ? undefined
          : {
              key: position => rows.map(row => row.key(position)),
              table: {
                gather: keys =>
                  this.build(
                    rows.map((row, i) => row.table.gather(keys.map(key => (key as readonly RowKey[])[i]!))),
                  ),
              },
            },
    };
  }

  override async open(pass: Pass, start: number): Promise<Cursor<T>> {
    const opened = await Promise.allSettled(this.stages.map(stage => stage.open(pass, start)));
    const cursors = opened.flatMap(result => (result.status === 'fulfilled' ? [result.value] : []));
    const failed = opened.find(result => result.status === 'rejected');
    if (failed !== undefined) {
      await Promise.all(cursors.map(cursor => cursor.return()));
      throw failed.reason;
    }
    return new ZipCursor(cursors, elements => this.build(elements));
  }

  private build(elements: readonly unknown[]): T {
    const {keys} = this;
    return (
      keys === undefined ? elements : Object.fromEntries(keys.map((key, i) => [key, elements[i]]))
    ) as T;
  }

  /** The element, once all its parts are there; if one fails, the others are disposed. */
  private together(parts: readonly Awaitable<unknown>[]): Awaitable<T> {
    if (!parts.some(part => part instanceof Promise)) return this.build(parts);
    return andThen(Promise.allSettled(parts), results => this.build(valuesOf(results)));
  }
}

/** What a function returns; an error as a rejection, so that its neighbours are still looked after. */
function attempt<V>(read: () => Awaitable<V>): Awaitable<V> {
  try {
    return read();
  } catch (error) {
    return Promise.resolve().then(() => {
      throw error;
    });
  }
}

/** The values of settled promises; where one failed, the others are disposed and its reason thrown. */
function valuesOf<V>(results: readonly PromiseSettledResult<V>[]): V[] {
  const values = results.flatMap(result => (result.status === 'fulfilled' ? [result.value] : []));
  const failed = results.find(result => result.status === 'rejected');
  if (failed === undefined) return values;
  disposeElement(values);
  throw failed.reason;
}

class ZipCursor<T> implements Cursor<T> {
  private ended = false;

  constructor(
    private readonly sources: readonly Cursor<unknown>[],
    private readonly build: (elements: readonly unknown[]) => T,
  ) {}

  async next(): Promise<IteratorResult<T, undefined>> {
    if (this.ended) return DONE;
    const results = await Promise.allSettled(this.sources.map(source => source.next()));
    try {
      const items = valuesOf(results);
      if (items.every(item => item.done !== true)) {
        return {done: false, value: this.build(items.map(item => item.value))};
      }
      for (const item of items) disposeElement(item.value);
    } catch (error) {
      await this.return();
      throw error;
    }
    await this.return();
    return DONE;
  }

  async return(): Promise<void> {
    this.ended = true;
    await Promise.all(this.sources.map(source => source.return()));
  }
}
