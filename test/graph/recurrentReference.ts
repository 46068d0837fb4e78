/**
 * Recurrent layers in plain float64 arithmetic, from the equations: a masked step repeats the output and the
 * state before it.
 */

export type Matrix = readonly (readonly number[])[];
export type CellName = 'simpleRNN' | 'gru' | 'lstm';

export interface CellWeights {
  readonly kernel: Matrix;
  readonly recurrent: Matrix;
  readonly bias: readonly number[];
}

const times = (x: readonly number[], m: Matrix): number[] =>
  m[0]!.map((_, j) => x.reduce((sum, xi, i) => sum + xi * m[i]![j]!, 0));
const plus = (a: readonly number[], b: readonly number[]) => a.map((v, i) => v + b[i]!);
const hardSigmoid = (v: number) => Math.min(1, Math.max(0, 0.2 * v + 0.5));

/** The next states of a cell; the first is its output. */
function step(cell: CellName, w: CellWeights, x: readonly number[], states: readonly number[][]): number[][] {
  const h = states[0]!;
  const n = h.length;
  const part = (v: readonly number[], k: number) => v.slice(k * n, (k + 1) * n);
  const input = plus(times(x, w.kernel), w.bias);
  if (cell === 'simpleRNN') return [plus(input, times(h, w.recurrent)).map(Math.tanh)];
  if (cell === 'lstm') {
    const z = plus(input, times(h, w.recurrent));
    const [i, f, o] = [0, 1, 3].map(k => part(z, k).map(hardSigmoid));
    const candidate = part(z, 2).map(Math.tanh);
    const c = states[1]!.map((old, k) => f![k]! * old + i![k]! * candidate[k]!);
    return [c.map((v, k) => o![k]! * Math.tanh(v)), c];
  }
  const inner = times(h, w.recurrent);
  const [z, r] = [0, 1].map(k => plus(part(input, k), part(inner, k)).map(hardSigmoid));
  const reset = h.map((v, k) => v * r![k]!);
  const candidate = plus(part(input, 2), part(times(reset, w.recurrent), 2)).map(Math.tanh);
  return [h.map((old, k) => z![k]! * old + (1 - z![k]!) * candidate[k]!)];
}

/** The outputs at all steps of one sequence, in the order in which they are computed. */
export function runCell(
  cell: CellName,
  weights: CellWeights,
  sequence: Matrix,
  mask: readonly boolean[],
  goBackwards = false,
): number[][] {
  const units = weights.recurrent.length;
  let states = Array.from({length: cell === 'lstm' ? 2 : 1}, () => new Array<number>(units).fill(0));
  const order = sequence.map((_, t) => (goBackwards ? sequence.length - 1 - t : t));
  return order.map(t => {
    if (mask[t]) states = step(cell, weights, sequence[t]!, states);
    return states[0]!;
  });
}
