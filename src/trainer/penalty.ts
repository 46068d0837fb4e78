/**
 * Regularizers: their gradient enters once a window, their value the running loss.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Scalar, Tensor} from '@tensorflow/tfjs-core';
import type {Parameter} from '../graph';
import type {Phase, TrainedParameter} from './phases';
import type {RunningMean} from './runningMean';

/** All penalties of the models that a phase moves. Call inside a `tf.tidy`. */
export function penaltyOf(phase: Phase): Scalar | null {
  const penalties = phase.graphs.map(({graph}) => graph.regularization()).filter(penalty => penalty !== null);
  return penalties.length === 0 ? null : penalties.reduce((sum, penalty) => tf.add<Scalar>(sum, penalty));
}

/** Adds the penalties' gradient, once a window, and counts their value into the running mean. */
export function addPenalty(
  phase: Phase,
  trained: readonly TrainedParameter[],
  gradients: Map<string, Tensor>,
  mean: RunningMean,
): void {
  const byName = new Map(trained.map(({parameter}) => [parameter.variable.name, parameter]));
  const variables = trained.map(({parameter}) => parameter.variable);
  // The zero term connects penalties that act on frozen weights alone.
  const {value, grads} = tf.variableGrads(
    () => tf.add<Scalar>(penaltyOf(phase)!, tf.mul(0, tf.sum(variables[0]!))),
    variables,
  );
  mean.add(value, 1);
  for (const [name, parameter] of byName) {
    const gradient: Tensor | null | undefined = grads[name];
    if (gradient === undefined || gradient === null) continue;
    addTo(gradients, parameter, gradient);
  }
}

function addTo(gradients: Map<string, Tensor>, {key}: Parameter, gradient: Tensor): void {
  const present = gradients.get(key);
  if (present === undefined) {
    gradients.set(key, gradient);
    return;
  }
  gradients.set(key, tf.add(present, gradient));
  tf.dispose([present, gradient]);
}
