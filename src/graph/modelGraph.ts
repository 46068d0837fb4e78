/**
 * The one executor of a tfjs LayersModel. It walks the layers itself instead of calling `model.apply`, so
 * that masks, randomness and BatchNorm are right, and so that whoever wants to can look into every call.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Scalar, Tensor} from '@tensorflow/tfjs-core';
import {LayersModel} from '@tensorflow/tfjs-layers';
import type {layers} from '@tensorflow/tfjs-layers';
import {ConfigurationError} from '../core';
import {LayerTree} from './layerTree';
import {ParameterList} from './parameters';
import {Plan} from './plan';
import {checkInputs, inputPorts, outputPorts} from './ports';
import {totalPenalty} from './regularization';
import {StatisticsLedger} from './statistics';
import {symbolicPorts} from './tfjsInternals';
import type {OutputPort, Parameter, PlannedCall, Port, RunOptions, RunResult} from './types';

const graphs = new WeakMap<LayersModel, ModelGraph>();

/**
 * A model's graph of layers, ready to run forward.
 *
 * Masks follow Keras 3: a layer that supports masks hands its input's on, one that does not drops it, and no
 * branch sees another's. A frozen BatchNorm (it or what encloses it has `trainable = false`) rests: it uses its
 * moving statistics in training too. The model is never changed by a run.
 *
 * @example
 * const model = layers.sequential({layers: [layers.layers.dense({units: 1, inputShape: [2], kernelInitializer: 'ones'})]});
 * const graph = ModelGraph.of(model);
 * graph.parameters().map(p => p.key); // ['0/kernel', '0/bias']
 * const y = tf.tidy(() => graph.run([tf.tensor2d([[1, 2]])]).outputs[0]);
 * y.dataSync(); // [3]
 */
export class ModelGraph {
  /** The inputs in the model's order. */
  readonly inputs: readonly Port[];
  /** The outputs in the model's order. */
  readonly outputs: readonly OutputPort[];
  /** All layers in graph order: nested models and wrappers too, each before the layers that it holds. */
  readonly layers: readonly {readonly path: string; readonly layer: layers.Layer}[];
  readonly hasBatchNormalization: boolean;
  /** Whether a training run may draw random numbers. */
  readonly hasRandomness: boolean;

  private readonly tree: LayerTree;
  private readonly plan: Plan;
  private readonly parameterList: ParameterList;
  private readonly builtFrom: readonly unknown[];

  private constructor(readonly model: LayersModel) {
    this.builtFrom = symbolicPorts(model).outputs;
    this.tree = new LayerTree(model);
    this.plan = new Plan(model, this.tree);
    this.parameterList = new ParameterList(this.tree);
    this.inputs = inputPorts(model);
    this.outputs = outputPorts(model);
    this.layers = this.tree.entries.map(({path, layer}) => ({path, layer}));
    this.hasBatchNormalization = this.layers.some(({layer}) => layer.getClassName() === 'BatchNormalization');
    this.hasRandomness = this.plan.hasRandomness;
  }

  /**
   * The graph of a model: made once, and anew when layers were added to a Sequential since.
   *
   * @throws ConfigurationError if `model` is no LayersModel, or has no input and output yet.
   */
  static of(model: LayersModel): ModelGraph {
    if (!(model instanceof LayersModel)) {
      throw new ConfigurationError('A LayersModel is needed, but something else was given.', {
        hint: "Build the model with 'sequential' or 'model' of the same copy of @tensorflow/tfjs-layers.",
      });
    }
    const {inputs, outputs} = symbolicPorts(model);
    if (inputs.length === 0 || outputs.length === 0) {
      throw new ConfigurationError(`Model '${model.name}' is not built: it has no layers.`, {
        hint: "Add layers first; the first needs an 'inputShape'.",
      });
    }
    let graph = graphs.get(model);
    if (graph === undefined || graph.builtFrom !== outputs) {
      graph = new ModelGraph(model);
      graphs.set(model, graph);
    }
    return graph;
  }

  /** The call whose activation an output ends in: a shared layer has several. Undefined within a wrapper. */
  activationCall(output: number): {readonly path: string; readonly nodeIndex: number} | undefined {
    const port = this.outputs[output];
    return port && this.plan.callBehind(output, port.activationLayer);
  }

  /** The calls that lead to an output, in the order of a run. */
  callsTo(output: number): PlannedCall[] {
    return this.plan.callsTo(output);
  }

  /** All weights in graph order, with `trainable` as it is now. A shared layer's appear once. */
  parameters(): Parameter[] {
    return this.parameterList.current();
  }

  /**
   * Runs the model forward, synchronously and differentiably. Call it inside `tf.tidy` or `tf.variableGrads`:
   * what it returns is the surrounding scope's to dispose; all else is gone.
   *
   * @param inputs One tensor for each input, `[batch, …]`. They stay the caller's.
   * @throws DataError for a wrong number of inputs, ShapeError for one that does not fit.
   */
  run(inputs: readonly Tensor[], options: RunOptions = {}): RunResult {
    checkInputs(this.inputs, inputs);
    const {training = false, random, intercept} = options;
    const {statistics = new StatisticsLedger()} = options;
    let result: RunResult | undefined;
    tf.tidy(() => {
      const {outputs, masks} = this.plan.run(inputs, [], {training, statistics}, {random, intercept});
      result = {
        outputs: ownTensors(outputs, inputs),
        masks,
        statistics: options.statistics === undefined ? statistics.updates() : [],
      };
      return [
        ...result.outputs,
        ...masks.filter(mask => mask !== null),
        ...statistics.tensors(),
        ...result.statistics.flatMap(({value, batch}) => [value, batch]),
      ];
    });
    return result!;
  }

  /**
   * The sum of all penalties (kernel, bias and recurrent regularizers, `addLoss`) of layers that are not
   * frozen, or null if there are none. Differentiable; the caller disposes it. A shared layer counts once.
   */
  regularization(): Scalar | null {
    return totalPenalty(this.tree);
  }
}

/** Outputs that the caller may dispose: none is an input, or another output. */
function ownTensors(outputs: readonly Tensor[], inputs: readonly Tensor[]): Tensor[] {
  return outputs.map((output, i) =>
    inputs.includes(output) || outputs.indexOf(output) < i || output instanceof tf.Variable
      ? tf.clone(output)
      : output,
  );
}
