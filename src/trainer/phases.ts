/**
 * What is trained by what: models, their weights, and the optimizers that move them.
 *
 * A trainer of one model has one phase, `'model'`. With a record of training steps there is one phase for each, run
 * in order on every batch: its step gives the loss, its optimizer moves the weights of the model of the same name.
 */
import {ConfigurationError, unknownName} from '../core';
import {ModelGraph} from '../graph';
import type {Parameter} from '../graph';
import {getOptimizer} from '../optimizers';
import type {Optimizer} from '../optimizers';
import type {LayersModel} from '@tensorflow/tfjs-layers';
import type {ParameterGroup, TrainStep, TrainerOptions} from './options';
import {isRecord} from './perOutput';

export interface NamedGraph {
  readonly name: string;
  readonly graph: ModelGraph;
}

export interface Phase {
  readonly name: string;
  readonly optimizer: Optimizer;
  /** Undefined where the compiled loss is minimised. */
  readonly trainStep: TrainStep | undefined;
  /** The models whose weights this phase moves. */
  readonly graphs: readonly NamedGraph[];
}

export const SINGLE = 'model';

/** @throws ConfigurationError for something that is no model, and for no models. */
export function nameModels(models: LayersModel | Readonly<Record<string, LayersModel>>): NamedGraph[] {
  if (!isRecord<LayersModel>(models)) return [{name: SINGLE, graph: ModelGraph.of(models)}];
  const named = Object.entries(models).map(([name, model]) => ({name, graph: ModelGraph.of(model)}));
  if (named.length === 0)
    throw new ConfigurationError('The trainer is given no model.', {
      hint: 'Give a model, or a record of models.',
    });
  return named;
}

/** @throws ConfigurationError when steps, optimizers and models do not go together. */
export function createPhases(graphs: readonly NamedGraph[], options: TrainerOptions): Phase[] {
  const {optimizer = 'adam', trainStep} = options;
  if (!isRecord<TrainStep>(trainStep)) {
    if (trainStep === undefined && graphs.length > 1) {
      throw new ConfigurationError('A trainer of several models needs a trainStep.', {
        hint: 'Give one function, or one for each model that has an optimizer of its own.',
      });
    }
    if (isRecord<string | Optimizer>(optimizer)) {
      throw new ConfigurationError('Several optimizers need a trainStep each.', {
        hint: 'Give trainStep as a record with the same names.',
      });
    }
    return [
      {
        name: SINGLE,
        optimizer: getOptimizer(optimizer),
        trainStep: trainStep,
        graphs,
      },
    ];
  }
  const known = graphs.map(({name}) => name);
  if (isRecord<string | Optimizer>(optimizer)) {
    for (const name of Object.keys(optimizer)) {
      if (!(name in trainStep))
        throw unknownName('training step for the optimizer', name, Object.keys(trainStep));
    }
  } else if (typeof optimizer !== 'string') {
    throw new ConfigurationError('One Optimizer object is given for several training steps.', {
      hint: 'Give a record with one optimizer a step, since an optimizer keeps state.',
    });
  }
  const phases = Object.entries(trainStep).map(([name, step]) => {
    const graph = graphs.find(entry => entry.name === name);
    if (graph === undefined) throw unknownName('model for the training step', name, known);
    const own = isRecord<string | Optimizer>(optimizer) ? optimizer[name] : optimizer;
    return {
      name,
      optimizer: getOptimizer(own ?? 'adam'),
      trainStep: step,
      graphs: [graph],
    };
  });
  refuseShared(phases);
  return phases;
}

function refuseShared(phases: readonly Phase[]): void {
  const users = new Map<Optimizer, string>();
  for (const {name, optimizer} of phases) {
    const user = users.get(optimizer);
    if (user !== undefined) {
      throw new ConfigurationError(`One Optimizer object is given for both '${user}' and '${name}'.`, {
        hint: 'Give one optimizer a step, since an optimizer keeps state.',
      });
    }
    users.set(optimizer, name);
  }
}

/** All weights of all models in graph order. Keys are prefixed by the model's name where there are several. */
export function allParameters(graphs: readonly NamedGraph[]): Parameter[] {
  if (graphs.length === 1) return graphs[0]!.graph.parameters();
  return graphs.flatMap(({name, graph}) =>
    graph
      .parameters()
      .map(parameter => ({...parameter, key: `${name}:${parameter.key}`, name: `${name}:${parameter.name}`})),
  );
}

/** A weight that a phase moves, and the group that has its rules. */
export interface TrainedParameter {
  readonly parameter: Parameter;
  readonly group: ParameterGroup | undefined;
}

/**
 * The weights that `phase` moves now.
 *
 * @throws ConfigurationError when nothing is left to train.
 */
export function trainedParameters(
  phase: Phase,
  graphs: readonly NamedGraph[],
  groups: readonly ParameterGroup[],
): TrainedParameter[] {
  const own = new Set(phase.graphs.flatMap(({graph}) => graph.parameters().map(({variable}) => variable)));
  const trained = allParameters(graphs)
    .filter(({variable, trainable}) => trainable && own.has(variable))
    .map(parameter => ({parameter, group: groups.find(group => matches(group, parameter))}))
    .filter(({group}) => group?.frozen !== true);
  if (trained.length === 0) {
    throw new ConfigurationError(
      `Nothing to train: all weights of '${phase.name}' are frozen, or it has none.`,
      {
        hint: 'Set layer.trainable = true on a layer with weights.',
      },
    );
  }
  return trained;
}

/**
 * Puts layers of frozen groups to rest and returns the function that wakes them again.
 *
 * @throws ConfigurationError for a group that matches nothing.
 */
export function freezeGroups(graphs: readonly NamedGraph[], groups: readonly ParameterGroup[]): () => void {
  const parameters = allParameters(graphs);
  groups.forEach((group, i) => {
    if (!parameters.some(parameter => matches(group, parameter))) {
      throw new ConfigurationError(`Parameter group ${i} matches no weight.`, {
        hint: `Layers are: ${[...new Set(parameters.map(({layer}) => layer.name))].join(', ')}.`,
      });
    }
  });
  const frozen = graphs
    .flatMap(({graph}) => graph.layers)
    .filter(
      ({layer, path}) =>
        layer.trainable &&
        groups.some(group => group.frozen === true && matchesLayer(group, layer.name, path)),
    );
  for (const {layer} of frozen) layer.trainable = false;
  return () => {
    for (const {layer} of frozen) layer.trainable = true;
  };
}

function matches(group: ParameterGroup, parameter: Parameter): boolean {
  const path = parameter.key.slice(parameter.key.indexOf(':') + 1, parameter.key.lastIndexOf('/'));
  return (group.match?.(parameter) ?? false) || matchesLayer(group, parameter.layer.name, path);
}

function matchesLayer({layers = []}: ParameterGroup, name: string, path: string): boolean {
  const patterns = Array.isArray(layers)
    ? (layers as readonly (string | RegExp)[])
    : [layers as string | RegExp];
  return patterns.some(pattern =>
    typeof pattern === 'string'
      ? pattern === name || pattern === path
      : pattern.test(name) || pattern.test(path),
  );
}
