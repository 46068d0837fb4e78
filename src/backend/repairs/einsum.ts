/**
 * Einsum as one batched matrix product, and its gradient, which is again an einsum: the output's gradient
 * times the other operand, summed over what the operand does not have.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {KernelConfig, Tensor} from '@tensorflow/tfjs-core';
import {gradientConfig, kernelOfOps} from '../tfjsInternals';
import {everyBackend, everyJavaScriptBackend, type Repair} from './types';

export const einsum: Repair = {
  id: 'einsum',
  description:
    'tfjs has no einsum on WASM, and elsewhere it gives wrong numbers for some equations, such as ij,j->, and throws for others; it is a batched matrix product now.',
  backends: everyJavaScriptBackend,
  kernels: backend => [einsumKernel(backend)],
};

export const einsumGradient: Repair = {
  id: 'einsum-gradient',
  description: 'tfjs has no gradient for einsum; it has one now.',
  backends: everyBackend,
  gradients: () => [
    gradientConfig<{equation: string}>({
      kernelName: tf.Einsum,
      saveAllInputs: true,
      gradient: (dy, operands, {equation}) => {
        const {terms, output} = parse(equation);
        const entries = operands.map((_, i) => [
          String(i),
          () => operandGradient(dy, operands, terms, output, i),
        ]);
        return Object.fromEntries(entries) as Record<string, () => Tensor>;
      },
    }),
  ],
};

function einsumKernel(backend: string): KernelConfig {
  return kernelOfOps<{equation: string}>(tf.Einsum, backend, (operands, {equation}) => {
    // tfjs's own parsing and its errors for what it does not support.
    const {allDims, idDims} = tf.backend_util.decodeEinsumEquation(equation, operands.length);
    tf.backend_util.checkEinsumDimSizes(allDims.length, idDims, operands);
    const {terms, output} = parse(equation);
    const needed = (label: string, i: number): boolean =>
      output.includes(label) || terms.some((term, j) => j !== i && term.includes(label));
    const [a, b] = operands.map((operand, i) => sumAway(operand, terms[i]!, label => needed(label, i)));
    if (b === undefined) return arrange(a!, output);
    return a!.tensor.dtype === 'float32' && b.tensor.dtype === 'float32'
      ? multiplyMatrices(a!, b, output)
      : multiplyElements(a!, b, output);
  });
}

/** A tensor whose axes have names. */
interface Labelled {
  readonly tensor: Tensor;
  readonly labels: string;
}

function parse(equation: string): {terms: string[]; output: string} {
  const [left, output] = equation.replace(/\s/g, '').split('->') as [string, string];
  return {terms: left.split(','), output};
}

function sumAway(tensor: Tensor, labels: string, isNeeded: (label: string) => boolean): Labelled {
  const axes = [...labels].flatMap((label, axis) => (isNeeded(label) ? [] : [axis]));
  if (axes.length === 0) return {tensor, labels};
  return {tensor: tf.sum(tensor, axes), labels: [...labels].filter(isNeeded).join('')};
}

/** The tensor with its axes in the order of `labels`. */
function arrange({tensor, labels: present}: Labelled, labels: string): Tensor {
  return present === labels
    ? tensor
    : tf.transpose(
        tensor,
        [...labels].map(label => present.indexOf(label)),
      );
}

function multiplyMatrices(a: Labelled, b: Labelled, output: string): Tensor {
  const only = (labels: string, accept: (label: string) => boolean): string =>
    [...labels].filter(accept).join('');
  const shared = only(a.labels, label => b.labels.includes(label));
  const batch = only(shared, label => output.includes(label));
  const inner = only(shared, label => !output.includes(label));
  const rows = only(a.labels, label => !shared.includes(label));
  const columns = only(b.labels, label => !shared.includes(label));
  const sizes = new Map(
    [a, b].flatMap(({labels, tensor}) => [...labels].map((l, i) => [l, tensor.shape[i]!] as const)),
  );
  const shapeOf = (labels: string): number[] => [...labels].map(label => sizes.get(label)!);
  const count = (labels: string): number => shapeOf(labels).reduce((product, n) => product * n, 1);
  const left = tf.reshape(arrange(a, batch + rows + inner), [count(batch), count(rows), count(inner)]);
  const right = tf.reshape(arrange(b, batch + inner + columns), [count(batch), count(inner), count(columns)]);
  const labels = batch + rows + columns;
  return arrange({tensor: tf.reshape(tf.matMul(left, right), shapeOf(labels)), labels}, output);
}

/** For types of numbers that tfjs has no matrix product for. */
function multiplyElements(a: Labelled, b: Labelled, output: string): Tensor {
  const labels = [...new Set(a.labels + b.labels)].join('');
  const spread = ({tensor, labels: present}: Labelled): Tensor => {
    const order = [...labels].filter(label => present.includes(label)).join('');
    const arranged = arrange({tensor, labels: present}, order);
    const shape = [...labels].map(label =>
      order.includes(label) ? arranged.shape[order.indexOf(label)]! : 1,
    );
    return tf.reshape(arranged, shape);
  };
  return arrange(
    sumAway(tf.mul(spread(a), spread(b)), labels, label => output.includes(label)),
    output,
  );
}

function operandGradient(dy: Tensor, operands: Tensor[], terms: string[], output: string, i: number): Tensor {
  const term = [...terms[i]!];
  const shape = operands[i]!.shape;
  const others = terms.filter((_, j) => j !== i);
  // A label that only this operand has was summed away: its gradient is the same all along that axis.
  const kept = term.filter(label => output.includes(label) || others.some(other => other.includes(label)));
  const equation = `${[output, ...others].join(',')}->${kept.join('')}`;
  const gradient = tf.einsum(equation, dy, ...operands.filter((_, j) => j !== i));
  const aligned = term.map((label, axis) => (kept.includes(label) ? shape[axis]! : 1));
  return tf.broadcastTo(tf.reshape(gradient, aligned), shape);
}
