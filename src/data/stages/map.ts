import type {Awaitable, Cursor, Pass, View} from '../stage';
import {OrderedWork, Stage, andThen} from '../stage';
import type {Transform} from '../transform';
import {ElementContext, transform} from '../transform';

/** Each element through a function. */
export class MapStage<S, T> extends Stage<T> {
  override readonly size: number | undefined;
  override readonly seekable: boolean;
  override readonly random = true;
  override readonly numberTypes = undefined;

  constructor(
    private readonly parent: Stage<S>,
    private readonly fn: Transform<S, T>,
    private readonly concurrency: number,
  ) {
    super([parent]);
    this.size = parent.size;
    this.seekable = parent.seekable;
  }

  override get immediate(): boolean {
    return false;
  }

  override prepare(pass: Pass): Awaitable<void> {
    return this.parent.prepare(pass);
  }

  override view(pass: Pass): View<T> {
    const view = this.parent.view(pass);
    return {
      length: view.length,
      at: position => andThen(view.at(position), element => this.apply(pass, element, position)),
      concurrency: Math.max(view.concurrency, this.concurrency),
    };
  }

  override async open(pass: Pass, start: number): Promise<Cursor<T>> {
    let index = start;
    const elements = await this.parent.open(pass, start);
    return new OrderedWork(elements, element => this.apply(pass, element, index++), this.concurrency);
  }

  private apply(pass: Pass, element: S, index: number): Awaitable<T> {
    return transform(this.fn, element, new ElementContext(pass, 'map', this.depth, index));
  }
}
