/**
 * The penalties that a model's layers ask for. tfjs's `calculateLosses` misses those of recurrent layers and
 * of Bidirectional, and counts a shared layer's once for every call.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Scalar} from '@tensorflow/tfjs-core';
import {isFrozen} from './layerTree';
import type {LayerTree} from './layerTree';
import {ownPenalties} from './tfjsInternals';

/** The sum of all penalties of layers that are not frozen (as in Keras 3), or null where there are none. */
export function totalPenalty(tree: LayerTree): Scalar | null {
  const penalties = tree.entries.flatMap(entry => (isFrozen(entry) ? [] : ownPenalties(entry.layer)));
  if (penalties.length === 0) return null;
  return tf.tidy(() => {
    const values = penalties.map(penalty => tf.reshape(penalty(), []));
    return (values.length === 1 ? values[0]! : tf.addN(values)) as Scalar;
  });
}
