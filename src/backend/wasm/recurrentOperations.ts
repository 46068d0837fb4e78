/** Recurrent layers over all time steps, with their gradients, by the engine's kernels. */
import type {Tensor} from '@tensorflow/tfjs-core';
import {
  RECURRENT_BIAS_GRADIENT,
  RECURRENT_INPUT_GRADIENT,
  RECURRENT_KERNEL_GRADIENT,
} from './engineRecurrent';
import type {RecurrentAttrs} from './engineRecurrent';
import {GRU, GRU_GRADIENT} from './engineRecurrentGru';
import {LSTM, LSTM_GRADIENT} from './engineRecurrentLstm';
import {isRecording, runKernelOfMany, runOperation} from './tfjsInternals';

/** What a recurrent layer computes with. */
export interface Recurrence extends RecurrentAttrs {
  /** [batch, steps, inputs] */
  readonly x: Tensor;
  readonly kernel: Tensor;
  readonly recurrentKernel: Tensor;
  readonly bias: Tensor | undefined;
  /** Where to start from; zeros where undefined. */
  readonly states: readonly Tensor[] | undefined;
  /** [batch, steps], float32; 0 leaves a step out. */
  readonly mask: Tensor | undefined;
  /** Whether h of every step is wanted. */
  readonly sequence: boolean;
  /** Whether the last states are wanted beside what the layer returns. */
  readonly lasts: boolean;
}

/** What a recurrent layer makes. */
export interface RecurrentResult {
  /** h of every step, or of the last. */
  readonly output: Tensor;
  /** The last states; of more than one only the first is there if they were not wanted. */
  readonly states: readonly Tensor[];
}

/** LSTM; states are h and c. */
export function lstm(recurrence: Recurrence): RecurrentResult {
  const {x, kernel, recurrentKernel, bias, mask, sequence, lasts} = recurrence;
  const {activation, recurrentActivation, goBackwards} = recurrence;
  const attrs = {activation, recurrentActivation, goBackwards};
  const groups = [recurrentKernel.shape[1]!];
  const states = recurrence.states ?? [];
  const keepsGradient = isRecording();
  const outputs = runOperation({
    inputs: defined({x, kernel, recurrentKernel, bias, h: states[0], c: states[1]}),
    forward: keep => {
      const inputs = {x, kernel, recurrentKernel, bias, h: states[0], c: states[1], mask};
      const made = runKernelOfMany(LSTM, inputs, {...attrs, sequence, keep: keepsGradient});
      const [h, c] = made as [Tensor, Tensor];
      const all = sequence ? [made[2]!] : [];
      if (keepsGradient) {
        const kept = made.slice(2 + all.length);
        keep([x, kernel, recurrentKernel, ...kept, ...(mask === undefined ? [] : [mask])]);
      }
      return wanted(all, [h, c], lasts);
    },
    gradient: (dys, kept) => {
      const [input, weight, recurrent, gates, before, cells, maskKept] = kept as [
        ...[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor],
        Tensor | undefined,
      ];
      const [dSequence, dh, dc] = sequence ? dys : [undefined, ...dys];
      const [panels, dFirstH, dFirstC] = runKernelOfMany(
        LSTM_GRADIENT,
        {dSequence, dh, dc, recurrentKernel: recurrent, mask: maskKept, gates, cells},
        attrs,
      ) as [Tensor, Tensor, Tensor];
      return {
        ...gradientsOf(panels, input, weight, groups),
        recurrentKernel: () => kernelGradient(before, panels, groups),
        h: () => dFirstH,
        c: () => dFirstC,
      };
    },
  });
  return resultOf(outputs, sequence);
}

/** GRU; the state is h. */
export function gru(recurrence: Recurrence): RecurrentResult {
  const {x, kernel, recurrentKernel, bias, mask, sequence, lasts} = recurrence;
  const {activation, recurrentActivation, goBackwards} = recurrence;
  const attrs = {activation, recurrentActivation, goBackwards};
  const units = recurrentKernel.shape[0];
  const groups = [2 * units, units];
  const start = recurrence.states?.[0];
  const keepsGradient = isRecording();
  const outputs = runOperation({
    inputs: defined({x, kernel, recurrentKernel, bias, h: start}),
    forward: keep => {
      const inputs = {x, kernel, recurrentKernel, bias, h: start, mask};
      const made = runKernelOfMany(GRU, inputs, {...attrs, sequence, keep: keepsGradient});
      const all = sequence ? [made[1]!] : [];
      if (keepsGradient) {
        const kept = made.slice(1 + all.length);
        keep([x, kernel, recurrentKernel, ...kept, ...(mask === undefined ? [] : [mask])]);
      }
      return wanted(all, [made[0]!], lasts);
    },
    gradient: (dys, kept) => {
      const [input, weight, recurrent, gates, before, maskKept] = kept as [
        ...[Tensor, Tensor, Tensor, Tensor, Tensor],
        Tensor | undefined,
      ];
      const [dSequence, dh] = sequence ? dys : [undefined, ...dys];
      const [panels, dFirst, reset] = runKernelOfMany(
        GRU_GRADIENT,
        {dSequence, dh, recurrentKernel: recurrent, mask: maskKept, gates, before},
        attrs,
      ) as [Tensor, Tensor, Tensor];
      return {
        ...gradientsOf(panels, input, weight, groups),
        recurrentKernel: () => kernelGradient(before, panels, groups, reset),
        h: () => dFirst,
      };
    },
  });
  return resultOf(outputs, sequence);
}

/** What is handed out: h of all steps or the last h, and the last states if wanted. */
function wanted(sequence: readonly Tensor[], states: readonly Tensor[], lasts: boolean): Tensor[] {
  if (lasts) return [...sequence, ...states];
  return sequence.length > 0 ? [...sequence] : [states[0]!];
}

function resultOf(outputs: readonly Tensor[], sequence: boolean): RecurrentResult {
  return {output: outputs[0]!, states: sequence ? outputs.slice(1) : outputs};
}

/** The gradients that all recurrent layers compute in the same way from those of the gates' sums. */
function gradientsOf(panels: Tensor, x: Tensor, kernel: Tensor, groups: readonly number[]) {
  return {
    x: () => only(RECURRENT_INPUT_GRADIENT, {panels, kernel}, {groups, shape: x.shape}),
    kernel: () => kernelGradient(x, panels, groups),
    bias: () => only(RECURRENT_BIAS_GRADIENT, {panels}, {groups}),
  };
}

/** The gradient of a weight; the last group of gates may have had another input than the first. */
function kernelGradient(a: Tensor, panels: Tensor, groups: readonly number[], candidate?: Tensor): Tensor {
  return only(RECURRENT_KERNEL_GRADIENT, {a, panels, candidate}, {groups});
}

function only(kernel: string, inputs: Record<string, Tensor | undefined>, attrs: object): Tensor {
  return runKernelOfMany(kernel, inputs, attrs)[0]!;
}

function defined(inputs: Record<string, Tensor | undefined>): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(inputs).filter((entry): entry is [string, Tensor] => entry[1] !== undefined),
  );
}
