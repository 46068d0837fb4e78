/**
 * What a trainer is made of once its options are resolved and checked: the same for every call of its methods.
 */
import type {LayersModel} from '@tensorflow/tfjs-layers';
import {ConfigurationError} from '../core';
import type {BatchPorts} from './batches';
import {checkTrainerOptions} from './checkOptions';
import {Hooks} from './hooks';
import type {EvaluationSetup} from './inference';
import {Objective} from './objective';
import type {TrainerOptions} from './options';
import {createPhases, nameModels} from './phases';
import type {NamedGraph, Phase} from './phases';
import {Scores} from './scores';

export interface TrainerCore {
  readonly graphs: readonly NamedGraph[];
  readonly phases: readonly Phase[];
  readonly objective: Objective | undefined;
  readonly scores: Scores;
  readonly hooks: Hooks;
  /** Undefined for trainers of several models, whose data has no ports to go to. */
  readonly ports: BatchPorts | undefined;
  readonly seed: number;
  readonly options: TrainerOptions;
  /** What `evaluate` needs; an error for a trainer that cannot. */
  readonly evaluation: EvaluationSetup;
}

/** @throws ConfigurationError for anything in the options that cannot mean anything. */
export function createCore(
  models: LayersModel | Readonly<Record<string, LayersModel>>,
  options: TrainerOptions,
): TrainerCore {
  checkTrainerOptions(options);
  const graphs = nameModels(models);
  const single = graphs.length === 1 ? graphs[0]!.graph : undefined;
  const objective =
    options.loss === undefined || single === undefined
      ? undefined
      : new Objective(single.outputs, options.loss, options.lossWeights);
  if (objective === undefined && options.trainStep === undefined) {
    throw new ConfigurationError('The trainer has neither a loss nor a trainStep.', {
      hint: "Give for instance loss: 'meanSquaredError'.",
    });
  }
  if (
    single === undefined &&
    (options.loss !== undefined || options.metrics !== undefined || options.weightedMetrics !== undefined)
  ) {
    throw new ConfigurationError('loss and metrics go with one model; this trainer has several.', {
      hint: 'Compute the loss in trainStep, and return what shall be logged as logs.',
    });
  }
  const phases = createPhases(graphs, options);
  const scores = new Scores(single?.outputs ?? [], objective, options);
  return {
    graphs,
    phases,
    objective,
    scores,
    hooks: new Hooks(options.callbacks ?? []),
    ports: single === undefined ? undefined : {inputs: single.inputs, outputs: single.outputs},
    seed: options.seed ?? Math.floor(Math.random() * 2 ** 31),
    options,
    get evaluation(): EvaluationSetup {
      if (single === undefined || (objective === undefined && scores.empty)) {
        throw new ConfigurationError('There is nothing to evaluate by.', {
          hint: 'Give the trainer a loss or metrics; a trainer of several models cannot evaluate.',
        });
      }
      return {graph: single, objective, scores, checkData: options.checkData ?? false};
    },
  };
}
