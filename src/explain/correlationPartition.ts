/** Features that rise and fall together, together. */
import type {Features} from './featureMask';
import type {Partition} from './partitionTree';

/** More columns would take more memory for their correlations than an explanation is worth. */
export const MOST_COLUMNS = 2048;

/**
 * Columns clustered by average linkage, where the distance of two is 1 − their correlation, as in shap's masker; a column
 * that never changes is correlated with none. A feature of several columns starts as their cluster.
 *
 * @param data `[rows, columns]`, row by row
 */
export function correlationPartition(
  data: ArrayLike<number>,
  rows: number,
  {count, labels}: Features,
): Partition {
  const owners = labels[0]!;
  const columns = Array.from(owners, (_, column) => standardized(data, rows, owners.length, column));
  const sizes = new Float64Array(count);
  for (const feature of owners) sizes[feature]!++;
  const distances = new Float64Array(count * count);
  for (let i = 1; i < columns.length; i++) {
    for (let j = 0; j < i; j++) {
      const [a, b] = [owners[i]!, owners[j]!];
      const distance = (1 - dot(columns[i]!, columns[j]!)) / (sizes[a]! * sizes[b]!);
      distances[a * count + b]! += distance;
      distances[b * count + a]! += distance;
    }
  }
  return averageLinkage(distances, sizes);
}

/** Of mean 0 and length 1; zeros if it never changes. */
function standardized(data: ArrayLike<number>, rows: number, width: number, column: number): Float64Array {
  const values = Float64Array.from({length: rows}, (_, row) => data[row * width + column]!);
  const isConstant = values.every(value => value === values[0]);
  if (isConstant) return values.fill(0);
  const mean = values.reduce((sum, value) => sum + value / rows, 0);
  const centered = values.map(value => value - mean);
  const length = Math.sqrt(dot(centered, centered));
  return centered.map(value => value / length);
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/**
 * Merges the nearest clusters until one is left, by chains of nearest neighbours (Murtagh 1983): time and memory of the
 * number of clusters squared.
 *
 * @param distances `[clusters, clusters]`, overwritten
 */
function averageLinkage(distances: Float64Array, sizes: Float64Array): Partition {
  const count = sizes.length;
  const groups: (Partition | number)[] = Array.from({length: count}, (_, i) => i);
  const left = new Set(groups.keys());
  const chain: number[] = [];
  while (left.size > 1) {
    if (chain.length === 0) chain.push(left.values().next().value!);
    const last = chain.at(-1)!;
    const before = chain.at(-2);
    // The one before wins ties, or the chain would never end.
    let nearest = before ?? -1;
    for (const other of left) {
      if (other === last) continue;
      if (nearest < 0 || distances[last * count + other]! < distances[last * count + nearest]!)
        nearest = other;
    }
    if (nearest !== before) {
      chain.push(nearest);
      continue;
    }
    chain.length -= 2;
    const [a, b] = [Math.min(last, nearest), Math.max(last, nearest)];
    const size = sizes[a]! + sizes[b]!;
    left.delete(b);
    for (const other of left) {
      const mean =
        (sizes[a]! * distances[a * count + other]! + sizes[b]! * distances[b * count + other]!) / size;
      distances[a * count + other] = mean;
      distances[other * count + a] = mean;
    }
    sizes[a] = size;
    groups[a] = [groups[a]!, groups[b]!];
  }
  return [groups[0]!];
}
