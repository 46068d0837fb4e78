import * as layers from '@tensorflow/tfjs-layers';
import {describe, expect, it} from 'vitest';
import * as glassbox from 'glassbox';
import {Optimizer, losses} from 'glassbox';
import {aliases, layerCases, notLayers} from '../backend/layerCases';
import {gradientCases} from '../backend/gradientCases';
import {lossCases} from './lossModels';
import {ourLayers, trainedModels} from './models';
import {optimizerCases} from './optimizerModels';
import {suite} from './suite';
import {torchCases} from './torch';

/** The exported classes that are one, without the base itself. */
function classesOf(exports: Readonly<Record<string, unknown>>, base: {prototype: object}): string[] {
  return Object.entries(exports)
    .filter(([, value]) => typeof value === 'function' && value.prototype instanceof (base as () => void))
    .map(([name]) => name)
    .sort();
}

describe('the suite of training', () => {
  it('has every layer of tfjs-layers', () => {
    const known = [...Object.keys(layerCases), ...Object.keys(aliases), ...notLayers];
    expect(Object.keys(layers.layers).sort()).toEqual(known.sort());
  });

  it('has every layer of ours', () => {
    expect(classesOf(glassbox, layers.layers.Layer)).toEqual(Object.keys(ourLayers).sort());
  });

  it('has every loss', () => {
    expect(classesOf(losses, losses.Loss)).toEqual(Object.keys(lossCases).sort());
  });

  it('has every optimizer', () => {
    expect(classesOf(glassbox, Optimizer)).toEqual(Object.keys(optimizerCases).sort());
  });

  it('has at least 39 models and 107 gradients, each under a name of its own', () => {
    expect(trainedModels.length).toBeGreaterThanOrEqual(39);
    expect(gradientCases.length).toBeGreaterThanOrEqual(107);
    expect(suite).toHaveLength(torchCases.length + gradientCases.length + trainedModels.length);
    expect(new Set(suite.map(({name}) => name)).size).toBe(suite.length);
  });
});
