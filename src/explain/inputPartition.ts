/** What an input tells about which of its features belong together. */
import type {Tensor} from '@tensorflow/tfjs-core';
import {MOST_COLUMNS, correlationPartition} from './correlationPartition';
import type {Features} from './featureMask';
import type {Partition} from './partitionTree';
import {spatialPartition} from './spatialPartition';

/** Two rows correlate all that changes, with 1 or -1. */
const FEWEST_ROWS = 3;

/**
 * Columns by their correlation in the background, where it has rows enough; what has axes by where it is; all else in
 * order.
 *
 * @param example the inputs, each a batch of one
 * @param background `[rows, …]` for each input
 */
export async function inputPartition(
  features: Features,
  example: readonly Tensor[],
  background: readonly Tensor[],
): Promise<Partition> {
  const [input, another] = example;
  const [rows] = background;
  if (another) return Array.from({length: features.count}, (_, feature) => feature);
  if (input!.rank === 2 && input!.size <= MOST_COLUMNS && rows!.shape[0] >= FEWEST_ROWS) {
    return correlationPartition(await rows!.data(), rows!.shape[0], features);
  }
  return spatialPartition(features, input!.shape.slice(1));
}
