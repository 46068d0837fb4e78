/**
 * The weights of a model with keys that outlive a process: positions in the graph instead of tfjs's names.
 */
import * as tf from '@tensorflow/tfjs-core';
import {isTrainable} from './layerTree';
import type {LayerEntry, LayerTree} from './layerTree';
import {listedWeights, ownWeights} from './tfjsInternals';
import type {Weight} from './tfjsInternals';
import type {Parameter} from './types';

type FixedPart = Omit<Parameter, 'trainable'>;

/** Lists parameters in graph order; what never changes is found once. */
export class ParameterList {
  private readonly items: {fixed: FixedPart; weight: Weight; entry: LayerEntry}[] = [];

  constructor(tree: LayerTree) {
    const seen = new Set<tf.Variable>();
    const keys = new Set<string>();
    const add = (entry: LayerEntry, weight: Weight) => {
      if (seen.has(weight.variable)) return;
      seen.add(weight.variable);
      this.items.push({fixed: describe(entry, weight, keys), weight, entry});
    };
    for (const entry of tree.entries) {
      // A container's or wrapper's list is its parts', which have entries of their own …
      for (const weight of ownWeights(entry.layer)) add(entry, weight);
    }
    for (const entry of tree.entries) {
      // … but a custom layer may list weights that no part of it made.
      for (const weight of listedWeights(entry.layer)) add(entry, weight);
    }
  }

  current(): Parameter[] {
    return this.items.map(({fixed, weight, entry}) => ({
      ...fixed,
      trainable: !weight.statistic && weight.layerVariable.trainable && isTrainable(entry),
    }));
  }
}

function describe(entry: LayerEntry, weight: Weight, keys: Set<string>): FixedPart {
  const {variable, layerVariable} = weight;
  const {constraint} = layerVariable;
  return {
    key: unused(`${entry.keyPrefix}/${weight.name}`, keys),
    name: `${entry.owner.name}/${weight.name}`,
    layerClass: entry.owner.getClassName(),
    layer: entry.owner,
    shape: variable.shape,
    variable,
    applyConstraint:
      constraint == null ? undefined : () => tf.tidy(() => variable.assign(constraint.apply(variable))),
  };
}

function unused(key: string, keys: Set<string>): string {
  let candidate = key;
  for (let i = 1; keys.has(candidate); i++) candidate = `${key}_${i}`;
  keys.add(candidate);
  return candidate;
}
