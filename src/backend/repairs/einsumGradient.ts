/**
 * tfjs has no gradient for einsum. The gradient for one operand is again an einsum: the output's gradient
 * times the other operand, summed over what the operand does not have.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import type {Repair} from './types';

export const einsumGradient: Repair = {
  id: 'einsum-gradient',
  description: 'tfjs has no gradient for einsum; it has one now.',
  backends: ['wasm', 'cpu'],
  gradients: () => [
    {
      kernelName: tf.Einsum,
      saveAllInputs: true,
      gradFunc: (dy, saved, attrs) => {
        const [terms, output] = parse(String(attrs['equation']));
        return Object.fromEntries(
          terms.map((_, i) => [String(i), () => operandGradient(dy as Tensor, saved, terms, output, i)]),
        );
      },
    },
  ],
};

function parse(equation: string): [terms: string[], output: string] {
  const [left, right] = equation.replace(/\s/g, '').split('->');
  return [left!.split(','), right!];
}

function operandGradient(dy: Tensor, operands: Tensor[], terms: string[], output: string, i: number): Tensor {
  const term = terms[i]!;
  const others = terms.filter((_, j) => j !== i);
  // A label that only this operand has was summed away: its gradient is the same all along that axis.
  const kept = [...term].filter(
    label => output.includes(label) || others.some(other => other.includes(label)),
  );
  const gradient = tf.einsum(
    `${[output, ...others].join(',')}->${kept.join('')}`,
    dy,
    ...operands.filter((_, j) => j !== i),
  );
  const shape = operands[i]!.shape;
  const aligned = tf.reshape(
    gradient,
    [...term].map((label, axis) => (kept.includes(label) ? shape[axis]! : 1)),
  );
  return tf.broadcastTo(aligned, shape);
}
