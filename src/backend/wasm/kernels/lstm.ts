/**
 * LSTM over all time steps (Hochreiter & Schmidhuber, 1997; with forget gates, Gers et al., 2000), the gates in
 * Keras's order: input i, forget f, candidate g, output o.
 *
 *     [i f g o] = [σ σ φ σ](x W + h U + b);  c' = f c + i g;  h' = o φ(c')
 */
import {address, int, madd, partStart} from './call';
import {slopeOf, toGates, valueOf} from './gateActivation';
import {toPanels} from './gradientPanels';
import {SPILL, isMasked, multiplyRows, put, startState, take} from './recurrent';
import {COLUMNS, ROWS} from './tile';

/**
 * The forward pass. Scratch: `SPILL` bytes and six states' numbers for each row of a chunk.
 *
 * What is kept for the gradient lies by the time of x, also where time runs backwards; the sequence lies in the order
 * of the steps.
 *
 * @param args x (batch × steps × inputs), W and U in panels, bias, h and c to start from, mask, (0 for none of these
 *   four), batch, steps, inputs, units, whether time runs backwards, activation, recurrentActivation, sequence (batch
 *   × steps × units, or 0), last h, last c, gates kept (batch × steps × 4 units, or 0), h and c before each step
 *   (kept where gates are), chunks
 */
export function lstm(args: usize, chunk: i32, scratch: usize): void {
  const x = address(args, 0);
  const kernel = address(args, 1);
  const recurrentKernel = address(args, 2);
  const bias = address(args, 3);
  const mask = address(args, 6);
  const batch = int(args, 7);
  const steps = int(args, 8);
  const inputs = int(args, 9);
  const units = int(args, 10);
  const backwards = int(args, 11) != 0;
  const activation = int(args, 12);
  const recurrentActivation = int(args, 13);
  const sequence = address(args, 14);
  const gates = address(args, 17);
  const chunks = int(args, 20);
  const first = partStart(chunk, chunks, batch, ROWS);
  const rows = partStart(chunk + 1, chunks, batch, ROWS) - first;
  const state = (<usize>units) << 2;
  const sumStep = 4 * state;
  const sums = scratch + SPILL;
  const h = sums + <usize>rows * sumStep;
  const c = h + <usize>rows * state;
  const chunkStates = <usize>rows * state;
  const stateOffset = <usize>first * state;
  startState(h, address(args, 4) == 0 ? 0 : address(args, 4) + stateOffset, chunkStates);
  startState(c, address(args, 5) == 0 ? 0 : address(args, 5) + stateOffset, chunkStates);
  const inputBytes = (<usize>inputs) << 2;
  const rowOfX = <usize>steps * inputBytes;

  for (let step = 0; step < steps; step++) {
    const time = backwards ? steps - 1 - step : step;
    const xs = x + <usize>first * rowOfX + <usize>time * inputBytes;
    multiplyRows(xs, rowOfX, rows, kernel, inputs, 4 * units, sums, sumStep, false, bias, scratch);
    multiplyRows(h, state, rows, recurrentKernel, units, 4 * units, sums, sumStep, true, 0, scratch);
    for (let row = 0; row < rows; row++) {
      const place = <usize>(first + row) * <usize>steps + <usize>time;
      const hs = h + <usize>row * state;
      const cs = c + <usize>row * state;
      const out =
        sequence == 0 ? 0 : sequence + (<usize>(first + row) * <usize>steps + <usize>step) * state;
      const hKept = gates == 0 ? 0 : address(args, 18) + place * state;
      const cKept = gates == 0 ? 0 : address(args, 19) + place * state;
      if (isMasked(mask, first + row, steps, time)) {
        if (out != 0) memory.copy(out, hs, state);
        if (gates != 0) {
          memory.copy(hKept, hs, state);
          memory.copy(cKept, cs, state);
        }
        continue;
      }
      const sum = sums + <usize>row * sumStep;
      const kept = gates == 0 ? 0 : gates + place * sumStep;
      toGates(sum, sum, 2 * units, recurrentActivation);
      toGates(sum + 2 * state, sum + 2 * state, units, activation);
      toGates(sum + 3 * state, sum + 3 * state, units, recurrentActivation);
      for (let unit = 0; unit < units; unit += 4) {
        const count = units - unit;
        const at = (<usize>unit) << 2;
        const i = take(sum + at, count);
        const f = take(sum + state + at, count);
        const g = take(sum + 2 * state + at, count);
        const cBefore = take(cs + at, count);
        if (gates != 0) {
          put(kept + at, i, count);
          put(kept + state + at, f, count);
          put(kept + 2 * state + at, g, count);
          put(kept + 3 * state + at, take(sum + 3 * state + at, count), count);
          put(hKept + at, take(hs + at, count), count);
          put(cKept + at, cBefore, count);
        }
        put(cs + at, cellOf(i, f, g, cBefore, activation, recurrentActivation), count);
      }
      // The input gates are not needed any more; φ(c') takes their place.
      toGates(cs, sum, units, activation);
      for (let unit = 0; unit < units; unit += 4) {
        const count = units - unit;
        const at = (<usize>unit) << 2;
        const o = valueOf(take(sum + 3 * state + at, count), recurrentActivation);
        const hNow = f32x4.mul(o, valueOf(take(sum + at, count), activation));
        put(hs + at, hNow, count);
        if (out != 0) put(out + at, hNow, count);
      }
    }
  }
  memory.copy(address(args, 15) + stateOffset, h, chunkStates);
  memory.copy(address(args, 16) + stateOffset, c, chunkStates);
}

// @ts-ignore: decorator
@inline
function cellOf(i: v128, f: v128, g: v128, cBefore: v128, activation: i32, recurrentActivation: i32): v128 {
  const taken = f32x4.mul(valueOf(i, recurrentActivation), valueOf(g, activation));
  return madd(valueOf(f, recurrentActivation), cBefore, taken);
}

/**
 * The gradients of all sums of gates, from the last step to the first: those of weights and inputs are products with
 * them. Scratch: `SPILL` bytes and, for each row of a chunk, the sums' padded to panels, and three states.
 *
 * @param args gradients of the sequence, of the last h and of the last c (0 for none), Uᵀ in panels, mask (or 0),
 *   gates and c before each step (as `lstm` keeps them), batch, steps, units, whether time runs backwards,
 *   activation, recurrentActivation, then what is made: gradients of the sums in panels of batch·steps rows (see
 *   gradientPanels.ts), of the first h, of the first c; chunks
 */
export function lstmGradient(args: usize, chunk: i32, scratch: usize): void {
  const dSequence = address(args, 0);
  const recurrentKernel = address(args, 3);
  const mask = address(args, 4);
  const gates = address(args, 5);
  const cKept = address(args, 6);
  const batch = int(args, 7);
  const steps = int(args, 8);
  const units = int(args, 9);
  const backwards = int(args, 10) != 0;
  const activation = int(args, 11);
  const recurrentActivation = int(args, 12);
  const panels = address(args, 13);
  const chunks = int(args, 16);
  const first = partStart(chunk, chunks, batch, ROWS);
  const rows = partStart(chunk + 1, chunks, batch, ROWS) - first;
  const state = (<usize>units) << 2;
  const panelCount = (4 * units + COLUMNS - 1) / COLUMNS;
  const depth = panelCount * COLUMNS;
  const sumStep = (<usize>panelCount) << 6;
  const chunkStates = <usize>rows * state;
  const stateOffset = <usize>first * state;
  const dSums = scratch + SPILL;
  let dh = dSums + <usize>rows * sumStep;
  let dhBefore = dh + chunkStates;
  const dc = dhBefore + chunkStates;
  memory.fill(dSums, 0, <usize>rows * sumStep);
  startState(dh, address(args, 1) == 0 ? 0 : address(args, 1) + stateOffset, chunkStates);
  startState(dc, address(args, 2) == 0 ? 0 : address(args, 2) + stateOffset, chunkStates);

  for (let step = steps - 1; step >= 0; step--) {
    const time = backwards ? steps - 1 - step : step;
    for (let row = 0; row < rows; row++) {
      const place = <usize>(first + row) * <usize>steps + <usize>time;
      const dhs = dh + <usize>row * state;
      const dcs = dc + <usize>row * state;
      const dSum = dSums + <usize>row * sumStep;
      const dy =
        dSequence == 0 ? 0 : dSequence + (<usize>(first + row) * <usize>steps + <usize>step) * state;
      const masked = isMasked(mask, first + row, steps, time);
      if (masked) memory.fill(dSum, 0, sumStep);
      const kept = gates + place * 4 * state;
      if (!masked) {
        // φ(c) lies where the gradients of the input gates will.
        for (let unit = 0; unit < units; unit += 4) {
          const count = units - unit;
          const at = (<usize>unit) << 2;
          const i = take(kept + at, count);
          const f = take(kept + state + at, count);
          const g = take(kept + 2 * state + at, count);
          const cBefore = take(cKept + place * state + at, count);
          put(dSum + at, cellOf(i, f, g, cBefore, activation, recurrentActivation), count);
        }
        toGates(dSum, dSum, units, activation);
      }
      for (let unit = 0; unit < units; unit += 4) {
        const count = units - unit;
        const at = (<usize>unit) << 2;
        let dhNow = take(dhs + at, count);
        if (dy != 0) dhNow = f32x4.add(dhNow, take(dy + at, count));
        if (masked) {
          put(dhs + at, dhNow, count);
          continue;
        }
        const iGate = take(kept + at, count);
        const fGate = take(kept + state + at, count);
        const gGate = take(kept + 2 * state + at, count);
        const oGate = take(kept + 3 * state + at, count);
        const cBefore = take(cKept + place * state + at, count);
        const squashed = take(dSum + at, count);
        const i = valueOf(iGate, recurrentActivation);
        const f = valueOf(fGate, recurrentActivation);
        const g = valueOf(gGate, activation);
        const o = valueOf(oGate, recurrentActivation);
        const dcNow = madd(
          f32x4.mul(dhNow, o),
          slopeOf(squashed, activation),
          take(dcs + at, count),
        );
        const dO = f32x4.mul(dhNow, valueOf(squashed, activation));
        const di = f32x4.mul(dcNow, g);
        const df = f32x4.mul(dcNow, cBefore);
        const dg = f32x4.mul(dcNow, i);
        put(dSum + at, f32x4.mul(di, slopeOf(iGate, recurrentActivation)), count);
        put(dSum + state + at, f32x4.mul(df, slopeOf(fGate, recurrentActivation)), count);
        put(dSum + 2 * state + at, f32x4.mul(dg, slopeOf(gGate, activation)), count);
        put(dSum + 3 * state + at, f32x4.mul(dO, slopeOf(oGate, recurrentActivation)), count);
        put(dcs + at, f32x4.mul(dcNow, f), count);
      }
      toPanels(dSum, panelCount, panels, <usize>batch * <usize>steps, place);
    }
    multiplyRows(dSums, sumStep, rows, recurrentKernel, depth, units, dhBefore, state, false, 0, scratch);
    if (mask != 0) {
      for (let row = 0; row < rows; row++) {
        // What is left out hands the gradient on as it is.
        if (isMasked(mask, first + row, steps, time))
          memory.copy(dhBefore + <usize>row * state, dh + <usize>row * state, state);
      }
    }
    const swap = dh;
    dh = dhBefore;
    dhBefore = swap;
  }
  memory.copy(address(args, 14) + stateOffset, dh, chunkStates);
  memory.copy(address(args, 15) + stateOffset, dc, chunkStates);
}
