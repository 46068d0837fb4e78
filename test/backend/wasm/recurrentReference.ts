/** LSTM and GRU of one batch in float64, written out as their equations, to compare kernels with. */

export interface Recurrent {
  type: 'lstm' | 'gru';
  batch: number;
  steps: number;
  features: number;
  units: number;
  hard: boolean;
}

type Numbers = ArrayLike<number>;
export type Parts = Record<'x' | 'kernel' | 'recurrentKernel' | 'bias' | 'h' | 'c', Numbers>;

/** h of every step, [batch, steps, units]. */
export function recurrentSequence(
  {type, batch, steps, features, units, hard}: Recurrent,
  {x, kernel, recurrentKernel, bias, h, c}: Parts,
): Float64Array {
  const sigma = (v: number) => (hard ? Math.min(1, Math.max(0, 0.2 * v + 0.5)) : 1 / (1 + Math.exp(-v)));
  const width = (type === 'lstm' ? 4 : 3) * units;
  const sequence = new Float64Array(batch * steps * units);
  for (let b = 0; b < batch; b++) {
    let hNow = Array.from({length: units}, (_, j) => h[b * units + j]!);
    let cNow = Array.from({length: units}, (_, j) => c[b * units + j]!);
    for (let t = 0; t < steps; t++) {
      /** Gate `gate` of unit `j`, with `state` before the recurrent product. */
      const sum = (gate: number, j: number, state: number[]) => {
        const column = gate * units + j;
        let total = bias[column]!;
        for (let k = 0; k < features; k++)
          total += x[(b * steps + t) * features + k]! * kernel[k * width + column]!;
        for (let k = 0; k < units; k++) total += state[k]! * recurrentKernel[k * width + column]!;
        return total;
      };
      const before = hNow;
      if (type === 'lstm') {
        cNow = cNow.map(
          (old, j) =>
            sigma(sum(1, j, before)) * old + sigma(sum(0, j, before)) * Math.tanh(sum(2, j, before)),
        );
        hNow = cNow.map((cell, j) => sigma(sum(3, j, before)) * Math.tanh(cell));
      } else {
        const z = before.map((_, j) => sigma(sum(0, j, before)));
        const reset = before.map((old, j) => sigma(sum(1, j, before)) * old);
        hNow = before.map((old, j) => z[j]! * old + (1 - z[j]!) * Math.tanh(sum(2, j, reset)));
      }
      sequence.set(hNow, (b * steps + t) * units);
    }
  }
  return sequence;
}

/** The gradients of Σ dy·h with respect to all parts, by central differences in float64. */
export function recurrentGradients(
  recurrent: Recurrent,
  parts: Parts,
  dy: Numbers,
): Record<string, Float64Array> {
  const step = 1e-5;
  const loss = (changed: Parts) =>
    recurrentSequence(recurrent, changed).reduce((sum, value, i) => sum + value * dy[i]!, 0);
  const names = Object.keys(parts) as (keyof Parts)[];
  return Object.fromEntries(
    names.map(name => {
      const numbers = Float64Array.from(parts[name]);
      const gradient = numbers.map((value, i) => {
        const at = (moved: number) => {
          const copy = Float64Array.from(numbers);
          copy[i] = moved;
          return loss({...parts, [name]: copy});
        };
        return (at(value + step) - at(value - step)) / (2 * step);
      });
      return [name, gradient];
    }),
  );
}
