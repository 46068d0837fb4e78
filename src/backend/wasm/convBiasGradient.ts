/** Bias gradients of convolutions on the engine: sums of columns, of partial sums that chunks leave. */
import {chunksFor} from './engine';
import type {Engine} from './engine';
import type {Mask} from './winograd';

/** Multiplications that reading a number of `dy` is worth, as memory is slow. */
const COST = 8;

/** `db`, the sum of the `rows` of `dy`, of addresses. */
export function biasGradient(
  engine: Engine,
  {rows, channels, dy, db, mask}: {rows: number; channels: number; dy: number; db: number; mask?: Mask},
): void {
  const chunks = chunksFor(rows, COST * channels);
  const parts = engine.workspace(4 * chunks * channels);
  engine.run('convBiasGradient', [dy, mask?.y ?? 0, mask?.activation ?? 0, parts, rows, channels, chunks], {
    chunks,
  });
  engine.run('sumParts', [parts, db, chunks, channels, 1]);
}
