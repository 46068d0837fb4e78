/**
 * GRU over all time steps (Cho et al., 2014), the gates in Keras's order: update z, reset r, candidate g; the reset is
 * applied before the recurrent product, as tfjs has it (`resetAfter: false`).
 *
 *     [z r] = σ(x W + h U + b);  g = φ(x W + (r h) U + b);  h' = z h + (1 − z) g
 */
import {address, int, madd, partStart} from './call';
import {slopeOf, toGates, valueOf} from './gateActivation';
import {toPanels} from './gradientPanels';
import {SPILL, isMasked, multiplyRows, put, startState, take} from './recurrent';
import {COLUMNS, ROWS} from './tile';

/**
 * The forward pass. Scratch: `SPILL` bytes and five states' numbers for each row of a chunk. What is kept for the
 * gradient lies by the time of x, also where time runs backwards; the sequence lies in the order of the steps.
 *
 * @param args x (batch × steps × inputs), W in panels, U of the gates in panels, U of the candidate in panels, bias, h
 *   to start from, mask (0 for none of these three), batch, steps, inputs, units, whether time runs backwards,
 *   activation, recurrentActivation, sequence (batch × steps × units, or 0), last h, gates kept (batch × steps × 3
 *   units, or 0), h before each step (kept where gates are), chunks
 */
export function gru(args: usize, chunk: i32, scratch: usize): void {
  const x = address(args, 0);
  const kernel = address(args, 1);
  const gateKernel = address(args, 2);
  const candidateKernel = address(args, 3);
  const bias = address(args, 4);
  const mask = address(args, 6);
  const batch = int(args, 7);
  const steps = int(args, 8);
  const inputs = int(args, 9);
  const units = int(args, 10);
  const backwards = int(args, 11) != 0;
  const activation = int(args, 12);
  const recurrentActivation = int(args, 13);
  const sequence = address(args, 14);
  const gates = address(args, 16);
  const chunks = int(args, 18);
  const first = partStart(chunk, chunks, batch, ROWS);
  const rows = partStart(chunk + 1, chunks, batch, ROWS) - first;
  const state = (<usize>units) << 2;
  const sumStep = 3 * state;
  const sums = scratch + SPILL;
  const h = sums + <usize>rows * sumStep;
  const reset = h + <usize>rows * state;
  const chunkStates = <usize>rows * state;
  const stateOffset = <usize>first * state;
  startState(h, address(args, 5) == 0 ? 0 : address(args, 5) + stateOffset, chunkStates);
  const inputBytes = (<usize>inputs) << 2;
  const rowOfX = <usize>steps * inputBytes;
  const one = f32x4.splat(1);

  for (let step = 0; step < steps; step++) {
    const time = backwards ? steps - 1 - step : step;
    const xs = x + <usize>first * rowOfX + <usize>time * inputBytes;
    multiplyRows(xs, rowOfX, rows, kernel, inputs, 3 * units, sums, sumStep, false, bias, scratch);
    multiplyRows(h, state, rows, gateKernel, units, 2 * units, sums, sumStep, true, 0, scratch);
    for (let row = 0; row < rows; row++) {
      const sum = sums + <usize>row * sumStep;
      const hs = h + <usize>row * state;
      const resets = reset + <usize>row * state;
      toGates(sum, sum, 2 * units, recurrentActivation);
      for (let unit = 0; unit < units; unit += 4) {
        const count = units - unit;
        const at = (<usize>unit) << 2;
        const r = valueOf(take(sum + state + at, count), recurrentActivation);
        put(resets + at, f32x4.mul(r, take(hs + at, count)), count);
      }
    }
    const candidates = sums + 2 * state;
    multiplyRows(reset, state, rows, candidateKernel, units, units, candidates, sumStep, true, 0, scratch);
    for (let row = 0; row < rows; row++) {
      const place = <usize>(first + row) * <usize>steps + <usize>time;
      const sum = sums + <usize>row * sumStep;
      const hs = h + <usize>row * state;
      const out =
        sequence == 0 ? 0 : sequence + (<usize>(first + row) * <usize>steps + <usize>step) * state;
      const hKept = gates == 0 ? 0 : address(args, 17) + place * state;
      if (isMasked(mask, first + row, steps, time)) {
        if (out != 0) memory.copy(out, hs, state);
        if (gates != 0) memory.copy(hKept, hs, state);
        continue;
      }
      const kept = gates == 0 ? 0 : gates + place * sumStep;
      toGates(sum + 2 * state, sum + 2 * state, units, activation);
      for (let unit = 0; unit < units; unit += 4) {
        const count = units - unit;
        const at = (<usize>unit) << 2;
        const zGate = take(sum + at, count);
        const gGate = take(sum + 2 * state + at, count);
        const hBefore = take(hs + at, count);
        if (gates != 0) {
          put(kept + at, zGate, count);
          put(kept + state + at, take(sum + state + at, count), count);
          put(kept + 2 * state + at, gGate, count);
          put(hKept + at, hBefore, count);
        }
        const z = valueOf(zGate, recurrentActivation);
        const fresh = f32x4.mul(f32x4.sub(one, z), valueOf(gGate, activation));
        const hNow = madd(z, hBefore, fresh);
        put(hs + at, hNow, count);
        if (out != 0) put(out + at, hNow, count);
      }
    }
  }
  memory.copy(address(args, 15) + stateOffset, h, chunkStates);
}

/**
 * The gradients of all sums of gates, from the last step to the first. Scratch: `SPILL` bytes and, for each row of a
 * chunk, the sums' padded to panels, and three states.
 *
 * @param args gradients of the sequence and of the last h (0 for none), Uᵀ of the gates and of the candidate in
 *   panels, mask (or 0), gates and h before each step (as `gru` keeps them), batch, steps, units, whether time runs
 *   backwards, activation, recurrentActivation, then what is made: gradients of the sums in panels of batch·steps rows
 *   (see gradientPanels.ts; the candidate's begin a panel), of the first h, and r h of each step; chunks
 */
export function gruGradient(args: usize, chunk: i32, scratch: usize): void {
  const dSequence = address(args, 0);
  const gateKernel = address(args, 2);
  const candidateKernel = address(args, 3);
  const mask = address(args, 4);
  const gates = address(args, 5);
  const hKept = address(args, 6);
  const batch = int(args, 7);
  const steps = int(args, 8);
  const units = int(args, 9);
  const backwards = int(args, 10) != 0;
  const activation = int(args, 11);
  const recurrentActivation = int(args, 12);
  const panels = address(args, 13);
  const resets = address(args, 15);
  const chunks = int(args, 16);
  const first = partStart(chunk, chunks, batch, ROWS);
  const rows = partStart(chunk + 1, chunks, batch, ROWS) - first;
  const state = (<usize>units) << 2;
  const gatePanels = (2 * units + COLUMNS - 1) / COLUMNS;
  const candidatePanels = (units + COLUMNS - 1) / COLUMNS;
  const panelCount = gatePanels + candidatePanels;
  const candidateAt = (<usize>gatePanels) << 6;
  const sumStep = (<usize>panelCount) << 6;
  const chunkStates = <usize>rows * state;
  const stateOffset = <usize>first * state;
  const dSums = scratch + SPILL;
  let dh = dSums + <usize>rows * sumStep;
  let dhBefore = dh + chunkStates;
  const dResets = dhBefore + chunkStates;
  memory.fill(dSums, 0, <usize>rows * sumStep);
  startState(dh, address(args, 1) == 0 ? 0 : address(args, 1) + stateOffset, chunkStates);
  const one = f32x4.splat(1);

  for (let step = steps - 1; step >= 0; step--) {
    const time = backwards ? steps - 1 - step : step;
    for (let row = 0; row < rows; row++) {
      const place = <usize>(first + row) * <usize>steps + <usize>time;
      const dhs = dh + <usize>row * state;
      const dSum = dSums + <usize>row * sumStep;
      const dy =
        dSequence == 0 ? 0 : dSequence + (<usize>(first + row) * <usize>steps + <usize>step) * state;
      const masked = isMasked(mask, first + row, steps, time);
      if (masked) {
        memory.fill(dSum, 0, sumStep);
        memory.fill(resets + place * state, 0, state);
      }
      const kept = gates + place * 3 * state;
      for (let unit = 0; unit < units; unit += 4) {
        const count = units - unit;
        const at = (<usize>unit) << 2;
        let dhNow = take(dhs + at, count);
        if (dy != 0) dhNow = f32x4.add(dhNow, take(dy + at, count));
        if (masked) {
          put(dhs + at, dhNow, count);
          continue;
        }
        const zGate = take(kept + at, count);
        const gGate = take(kept + 2 * state + at, count);
        const hBefore = take(hKept + place * state + at, count);
        const z = valueOf(zGate, recurrentActivation);
        const r = valueOf(take(kept + state + at, count), recurrentActivation);
        const dz = f32x4.mul(dhNow, f32x4.sub(hBefore, valueOf(gGate, activation)));
        const dg = f32x4.mul(dhNow, f32x4.sub(one, z));
        put(dSum + at, f32x4.mul(dz, slopeOf(zGate, recurrentActivation)), count);
        put(dSum + candidateAt + at, f32x4.mul(dg, slopeOf(gGate, activation)), count);
        put(dhBefore + <usize>row * state + at, f32x4.mul(dhNow, z), count);
        put(resets + place * state + at, f32x4.mul(r, hBefore), count);
      }
    }
    const candidates = dSums + candidateAt;
    const candidateDepth = candidatePanels * COLUMNS;
    multiplyRows(candidates, sumStep, rows, candidateKernel, candidateDepth, units, dResets, state, false, 0, scratch);
    for (let row = 0; row < rows; row++) {
      const place = <usize>(first + row) * <usize>steps + <usize>time;
      const dSum = dSums + <usize>row * sumStep;
      if (!isMasked(mask, first + row, steps, time)) {
        const kept = gates + place * 3 * state + state;
        const before = dhBefore + <usize>row * state;
        for (let unit = 0; unit < units; unit += 4) {
          const count = units - unit;
          const at = (<usize>unit) << 2;
          const rGate = take(kept + at, count);
          const dReset = take(dResets + <usize>row * state + at, count);
          const dr = f32x4.mul(dReset, take(hKept + place * state + at, count));
          put(dSum + state + at, f32x4.mul(dr, slopeOf(rGate, recurrentActivation)), count);
          put(before + at, madd(dReset, valueOf(rGate, recurrentActivation), take(before + at, count)), count);
        }
      }
      toPanels(dSum, panelCount, panels, <usize>batch * <usize>steps, place);
    }
    const gateDepth = gatePanels * COLUMNS;
    multiplyRows(dSums, sumStep, rows, gateKernel, gateDepth, units, dhBefore, state, true, 0, scratch);
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
}
