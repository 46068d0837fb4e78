/** Which taps of a window meet which places of an axis, as a table for the engine's kernels. */
import type {Axis} from './geometry';

/**
 * The table of one axis: phases, step, most (taps of a phase), then for each phase how many taps, and `most` pairs
 * of a tap and its offset, ascending by offset. Place n · phases + phase meets its taps at n · step + offset.
 */
export type TapTable = readonly number[];

/** For each place of the output, the places of the input. */
export function tapsOfInput({taps, stride, dilation, pad}: Axis): TapTable {
  return [1, stride, taps, taps, ...Array.from({length: taps}, (_, k) => [k, k * dilation - pad]).flat()];
}

/** For each place of the input, the places of the output that read it: in one of `stride` ways, as it lies. */
export function tapsOfOutput({taps, stride, dilation, pad}: Axis): TapTable {
  const phases = Array.from({length: stride}, (_, phase) =>
    Array.from({length: taps}, (_, k) => [k, (phase + pad - k * dilation) / stride] as const)
      .filter(([, offset]) => Number.isInteger(offset))
      .reverse(),
  );
  const most = Math.max(...phases.map(({length}) => length));
  const entries = phases.map(pairs => [
    pairs.length,
    ...pairs.flat(),
    ...new Array<number>(2 * (most - pairs.length)).fill(0),
  ]);
  return [stride, 1, most, ...entries.flat()];
}
