/**
 * A model's graph as a flat list of layer calls, worked out once: nested models are unfolded, tensors are
 * numbered slots, and each call knows which slots nobody reads after it.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {LayersModel} from '@tensorflow/tfjs-layers';
import type {SymbolicTensor} from '@tensorflow/tfjs-layers';
import {ConfigurationError} from '../core';
import {invocationOf} from './invocation';
import type {Invocation, Pass} from './invocation';
import type {LayerEntry, LayerTree} from './layerTree';
import {maskRuleOf} from './masks';
import type {MaskRule, Masks} from './masks';
import {CallRandomness} from './randomness';
import {isDisposable, isRecordingGradient, nodeOf, symbolicPorts, withoutRecording} from './tfjsInternals';
import type {Layer, LayerNode} from './tfjsInternals';
import type {LayerCall, LayerRandomness, PlannedCall} from './types';

interface Step {
  readonly entry: LayerEntry;
  readonly nodeIndex: number;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly invoke: Invocation;
  readonly maskRule: MaskRule;
  readonly randomness: CallRandomness | undefined;
  /** Slots that no later step reads. */
  readonly dying: number[];
}

/** How a run of a plan differs from the plainest. */
export interface PlanOptions {
  random?: LayerRandomness | undefined;
  intercept?: ((call: LayerCall) => readonly Tensor[] | undefined) | undefined;
}

export class Plan {
  private readonly steps: Step[] = [];
  private readonly inputSlots: number[];
  private readonly outputSlots: number[];
  private slotCount = 0;
  private readonly calls = new Map<Layer, number>();

  constructor(
    model: LayersModel,
    private readonly tree: LayerTree,
  ) {
    this.inputSlots = symbolicPorts(model).inputs.map(() => this.slotCount++);
    this.outputSlots = this.unfold(model, this.inputSlots);
    this.markLastUses();
  }

  /** Whether any call may draw random numbers. */
  get hasRandomness(): boolean {
    return this.steps.some(step => step.randomness !== undefined);
  }

  /** The call of `layer` that an output comes from, through calls that arrange its values anew. */
  callBehind(output: number, layer: Layer): {path: string; nodeIndex: number} | undefined {
    let slot = this.outputSlots[output];
    while (slot !== undefined) {
      const made: number = slot;
      const step = this.steps.find(({outputs}) => outputs.includes(made));
      if (step?.entry.layer === layer) return {path: step.entry.path, nodeIndex: step.nodeIndex};
      slot = step?.inputs[0];
    }
    return undefined;
  }

  /** The calls that lead to an output, in the order of a run. */
  callsTo(output: number): PlannedCall[] {
    const needed = new Set([this.outputSlots[output]]);
    const leading = [...this.steps].reverse().filter(({inputs, outputs}) => {
      const leads = outputs.some(slot => needed.has(slot));
      if (leads) inputs.forEach(slot => needed.add(slot));
      return leads;
    });
    return leading.reverse().map(({entry: {layer, path}, ...step}) => {
      const {nodeIndex, inputs, outputs} = step;
      return {layer, path, nodeIndex, inputs, outputs};
    });
  }

  /** Runs every call in order. Tensors made on the way belong to the surrounding `tf.tidy`. */
  run(
    inputs: readonly Tensor[],
    inputMasks: Masks,
    pass: Pass,
    {random, intercept}: PlanOptions = {},
  ): {outputs: Tensor[]; masks: (Tensor | null)[]} {
    const values = new Array<Tensor>(this.slotCount);
    const masks = new Array<Tensor | null>(this.slotCount).fill(null);
    this.inputSlots.forEach((slot, i) => {
      values[slot] = inputs[i]!;
      masks[slot] = inputMasks[i] ?? null;
    });
    // Whoever looks on may keep what it sees; a recorded gradient still needs it.
    const release = intercept === undefined && !isRecordingGradient();
    const foreign = new Set<Tensor>(inputs);
    const drawn = pass.training ? random : undefined;
    for (const step of this.steps) {
      const {entry, nodeIndex, invoke} = step;
      const stepInputs = step.inputs.map(slot => values[slot]!);
      const stepMasks = step.inputs.map(slot => masks[slot]!);
      let outputs =
        drawn !== undefined && step.randomness !== undefined
          ? step.randomness.fix(drawn, () => invoke(stepInputs, stepMasks, pass))
          : invoke(stepInputs, stepMasks, pass);
      if (intercept !== undefined) {
        const {layer, path} = entry;
        outputs = intercept({layer, path, nodeIndex, inputs: stepInputs, outputs}) ?? outputs;
      }
      const outputMasks = withoutRecording(() => step.maskRule(stepInputs, stepMasks));
      step.outputs.forEach((slot, i) => {
        const output = outputs[i]!;
        // Two slots must not share a tensor that is disposed with the first of them.
        const isShared = release && (stepInputs.includes(output) || outputs.indexOf(output) < i);
        values[slot] = isShared ? tf.clone(output) : output;
        masks[slot] = outputMasks[i] ?? null;
      });
      if (release) {
        for (const slot of step.dying) {
          const value = values[slot]!;
          if (!foreign.has(value) && isDisposable(value)) value.dispose();
        }
      }
    }
    return {
      outputs: this.outputSlots.map(slot => values[slot]!),
      masks: this.outputSlots.map(slot => masks[slot]!),
    };
  }

  /** Adds the calls of a model fed from `inputSlots`, and says where its outputs will be. */
  private unfold(model: LayersModel, inputSlots: readonly number[]): number[] {
    const {inputs, outputs} = symbolicPorts(model);
    const fed = new Map(inputs.map((tensor, i) => [tensor.id, inputSlots[i]!]));
    const done = new Map<LayerNode, readonly number[]>();
    const slotOf = (tensor: SymbolicTensor): number => {
      const slot = fed.get(tensor.id);
      if (slot !== undefined) return slot;
      const node = nodeOf(tensor);
      if (node === undefined || node.inputTensors.some(input => input.id === tensor.id)) {
        throw new ConfigurationError(
          `Model '${model.name}' needs a value for '${tensor.name}', which is not one of its inputs.`,
          {hint: 'List every input layer that an output depends on in the inputs of the model.'},
        );
      }
      const known = done.get(node);
      const slots = known ?? this.addCall(node, node.inputTensors.map(slotOf));
      if (known === undefined) done.set(node, slots);
      return slots[tensor.tensorIndex]!;
    };
    return outputs.map(slotOf);
  }

  private addCall(node: LayerNode, inputs: number[]): readonly number[] {
    const layer = node.outboundLayer;
    if (layer instanceof LayersModel) return this.unfold(layer, inputs);
    const entry = this.tree.find(layer);
    if (entry === undefined) {
      throw new ConfigurationError(
        `Layer '${layer.name}' is called in the model but not listed in its layers.`,
      );
    }
    const nodeIndex = this.calls.get(layer) ?? 0;
    this.calls.set(layer, nodeIndex + 1);
    const callModel = (model: LayersModel): Invocation => {
      const plan = new Plan(model, this.tree);
      return (tensors, masks, pass) => plan.run(tensors, masks, pass).outputs;
    };
    const outputs = node.outputTensors.map(() => this.slotCount++);
    this.steps.push({
      entry,
      nodeIndex,
      inputs,
      outputs,
      invoke: invocationOf(entry, this.tree, callModel),
      maskRule: maskRuleOf(layer),
      randomness: CallRandomness.of(entry, nodeIndex),
      dying: [],
    });
    return outputs;
  }

  private markLastUses(): void {
    const used = new Set<number>([...this.outputSlots, ...this.inputSlots]);
    for (const step of [...this.steps].reverse()) {
      for (const slot of [...step.inputs, ...step.outputs]) {
        if (!used.has(slot)) step.dying.push(slot);
        used.add(slot);
      }
    }
  }
}
