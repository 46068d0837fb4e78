/** Features that lie near each other, together. */
import type {Features} from './featureMask';
import type {Partition} from './partitionTree';

/**
 * The features of examples with axes in space or time, and channels last: halved across the longest axis, again and
 * again, each feature where its numbers are on average. What is in one place, such as the channels of a pixel or the
 * numbers of a vector, is in one group, in order.
 *
 * @param shape of an example, `[width]`, `[steps, channels]`, `[height, width, channels]` …
 */
export function spatialPartition({count, labels: [labels]}: Features, shape: readonly number[]): Partition {
  const features = Array.from({length: count}, (_, feature) => feature);
  return halved(features, meanPositions(labels!, count, shape));
}

function halved(features: readonly number[], positions: readonly Float64Array[]): Partition {
  const spans = positions.map(along => {
    let [least, most] = [Infinity, -Infinity];
    for (const feature of features) {
      [least, most] = [Math.min(least, along[feature]!), Math.max(most, along[feature]!)];
    }
    return {along, middle: (least + most) / 2, length: most - least};
  });
  const longest = spans.reduce((a, b) => (b.length > a.length ? b : a), {
    ...{along: new Float64Array(), middle: 0, length: 0},
  });
  const near = features.filter(feature => longest.along[feature]! < longest.middle);
  if (near.length === 0) return features;
  const far = features.filter(feature => longest.along[feature]! >= longest.middle);
  return [halved(near, positions), halved(far, positions)];
}

/** Where each feature is along each axis but the last. */
function meanPositions(labels: Int32Array, count: number, shape: readonly number[]): Float64Array[] {
  const numbers = new Float64Array(count);
  for (const feature of labels) numbers[feature]!++;
  let inner = labels.length;
  return shape.slice(0, -1).map(size => {
    inner /= size;
    const sums = new Float64Array(count);
    labels.forEach((feature, at) => (sums[feature]! += Math.floor(at / inner) % size));
    return sums.map((sum, feature) => sum / numbers[feature]!);
  });
}
