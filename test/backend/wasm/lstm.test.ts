import {beforeAll, describe, expect, it} from 'vitest';
import {useBackend} from '../../../src/backend';
import {runRecurrent} from './recurrentSupport';
import type {RecurrentCase} from './recurrentSupport';
import {expectNear} from './support';

beforeAll(async () => {
  await useBackend('wasm', {engine: true});
});

async function expectAsOnCpu(test: RecurrentCase, kernel: string, tolerance = 1e-5): Promise<void> {
  await useBackend('cpu');
  const expected = await runRecurrent(test);
  await useBackend('wasm');
  const actual = await runRecurrent(test);
  expect(actual.kernels).toContain(kernel);
  expect(actual.kernels).not.toContain('Sigmoid');
  expect(actual.outputs.length).toBe(expected.outputs.length);
  actual.outputs.forEach((output, i) => expectNear(output, expected.outputs[i]!, tolerance));
  expect(Object.keys(actual.gradients)).toEqual(Object.keys(expected.gradients));
  for (const [name, gradient] of Object.entries(actual.gradients)) {
    try {
      expectNear(gradient, expected.gradients[name]!, tolerance);
    } catch (error) {
      throw new Error(`the gradient of ${name}`, {cause: error});
    }
  }
}

describe('an LSTM on the engine', () => {
  const base = {type: 'lstm', batch: 3, steps: 4, features: 5, units: 3} as const;
  const sigmoid = {recurrentActivation: 'sigmoid'} as const;

  it.each<[string, Partial<RecurrentCase>]>([
    ['with hard sigmoids, as tfjs has it', {}],
    ['with sigmoids', {config: sigmoid}],
    ['with relu', {config: {activation: 'relu', ...sigmoid}}],
    ['with a linear activation', {config: {activation: 'linear', ...sigmoid}}],
    ['with all activations hard sigmoids', {config: {activation: 'hardSigmoid'}}],
    ['with gates that saturate', {scale: 5}],
    ['without a bias', {config: {useBias: false}}],
    ['returning sequences', {config: {returnSequences: true}}],
    ['returning states', {config: {returnState: true, ...sigmoid}}],
    ['returning both', {config: {returnSequences: true, returnState: true}}],
    ['from an initial state', {initialState: true, config: {returnState: true}}],
    ['backwards', {config: {goBackwards: true, returnSequences: true, ...sigmoid}, initialState: true}],
    ['masked', {masked: true, config: sigmoid}],
    ['masked, returning all', {masked: true, config: {returnSequences: true, returnState: true}}],
    [
      'masked and backwards from a state',
      {masked: true, initialState: true, config: {goBackwards: true, returnSequences: true}},
    ],
    ['of one step', {steps: 1, initialState: true}],
    ['of one example', {batch: 1, config: {returnSequences: true}}],
    ['of one unit', {units: 1, initialState: true, masked: true}],
    ['of five units', {units: 5, features: 1}],
    ['of sixteen units', {units: 16, features: 16, config: sigmoid}],
    ['of seventeen units', {units: 17, features: 33, config: {returnSequences: true}, batch: 20}],
    ['of 64 units', {units: 64, features: 28, batch: 40, config: sigmoid}],
    ['of 70 units', {units: 70, features: 300, batch: 5, steps: 3}],
    ['of many steps', {steps: 97, batch: 2, units: 4}],
  ])('%s computes what the loop of tfjs does on the CPU', async (_, test) => {
    await expectAsOnCpu({...base, ...test}, 'GlassboxLSTM');
  });
});
