import {disposeElement, tensorsIn} from '../elements';
import type {Cursor, Pass, Stage} from '../stage';
import {DONE, StreamStage, discard} from '../stage';
import type {Transform} from '../transform';
import {ElementContext, runOwned} from '../transform';

/** The elements for which a function says so. */
export class FilterStage<T> extends StreamStage<T> {
  override readonly size = undefined;
  override readonly random = true;

  constructor(
    private readonly parent: Stage<T>,
    private readonly predicate: Transform<T, boolean>,
  ) {
    super([parent]);
  }

  override async open(pass: Pass, start: number): Promise<Cursor<T>> {
    const cursor = new FilterCursor(await this.parent.open(pass, 0), this.predicate, index => {
      return new ElementContext(pass, 'filter', this.depth, index);
    });
    await discard(cursor, start);
    return cursor;
  }
}

class FilterCursor<T> implements Cursor<T> {
  private index = 0;
  private ended = false;

  constructor(
    private readonly source: Cursor<T>,
    private readonly predicate: Transform<T, boolean>,
    private readonly context: (index: number) => ElementContext,
  ) {}

  async next(): Promise<IteratorResult<T, undefined>> {
    if (this.ended) return DONE;
    try {
      for (;;) {
        const item = await this.source.next();
        if (item.done === true) {
          this.ended = true;
          return DONE;
        }
        const keep = await this.ask(item.value);
        if (keep) return item;
        disposeElement(item.value);
      }
    } catch (error) {
      await this.return();
      throw error;
    }
  }

  async return(): Promise<void> {
    this.ended = true;
    await this.source.return();
  }

  private ask(element: T): boolean | Promise<boolean> {
    const context = this.context(this.index++);
    return runOwned(
      element,
      item => this.predicate(item, context),
      () => tensorsIn(element),
    );
  }
}
