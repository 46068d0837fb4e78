import * as layers from '@tensorflow/tfjs-layers';
import {CLASSES, numbers} from './data';
import type {Workload} from './types';

const STEPS = 28;
const FEATURES = 28;
const UNITS = 64;

/** tfjs's default for the recurrent kernel, orthogonal, needs chained ops that tfjs-layers alone does not load. */
const recurrentInitializer = 'glorotUniform';

export const lstm: Workload = {
  name: 'lstm',
  batch: 128,
  build: width =>
    lastOutput(
      layers.layers.lstm({
        units: UNITS * width,
        recurrentActivation: 'sigmoid',
        recurrentInitializer,
        inputShape: [STEPS, FEATURES],
      }),
    ),
  input: batch => numbers([batch, STEPS, FEATURES]),
};

export const gru: Workload = {
  name: 'gru',
  batch: 128,
  build: width =>
    lastOutput(
      layers.layers.gru({
        units: UNITS * width,
        recurrentActivation: 'sigmoid',
        recurrentInitializer,
        inputShape: [STEPS, FEATURES],
      }),
    ),
  input: batch => numbers([batch, STEPS, FEATURES]),
};

function lastOutput(recurrent: layers.RNN): layers.LayersModel {
  return layers.sequential({layers: [recurrent, layers.layers.dense({units: CLASSES})]});
}
