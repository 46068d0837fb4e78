/** A queue from which the largest comes first; of equals, the one that came first. */
export class PriorityQueue<T> {
  /** A binary heap: no entry comes before the one at half its place. */
  private readonly heap: {readonly entry: T; readonly priority: number; readonly turn: number}[] = [];
  private turns = 0;

  get size(): number {
    return this.heap.length;
  }

  push(entry: T, priority: number): void {
    const {heap} = this;
    let at = heap.push({entry, priority, turn: this.turns++}) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.isBefore(at, parent)) return;
      this.swap(at, parent);
      at = parent;
    }
  }

  /** Takes out the first entries, as many as there are. */
  take(count: number): T[] {
    return Array.from({length: Math.min(count, this.size)}, () => this.pop());
  }

  private pop(): T {
    const {heap} = this;
    const last = heap.length - 1;
    this.swap(0, last);
    const {entry} = heap.pop()!;
    for (let at = 0; ;) {
      let first = at;
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (child < last && this.isBefore(child, first)) first = child;
      }
      if (first === at) return entry;
      this.swap(at, first);
      at = first;
    }
  }

  private isBefore(a: number, b: number): boolean {
    const [one, other] = [this.heap[a]!, this.heap[b]!];
    return one.priority > other.priority || (one.priority === other.priority && one.turn < other.turn);
  }

  private swap(a: number, b: number): void {
    const {heap} = this;
    [heap[a], heap[b]] = [heap[b]!, heap[a]!];
  }
}
