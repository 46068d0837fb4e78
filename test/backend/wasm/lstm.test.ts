import {beforeAll, describe, it} from 'vitest';
import {useBackend} from '../../../src/backend';
import {expectAsInFloat64, expectAsOnCpu, numbersOf, runRecurrent} from './recurrentSupport';
import type {RecurrentCase} from './recurrentSupport';
import {expectNear} from './support';
import torch from '../../oracle/recurrent.json';

beforeAll(async () => {
  await useBackend('wasm', {engine: true});
});

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

  it.each(['sigmoid', 'hardSigmoid'] as const)('with %s agrees with its equations in float64', async gate => {
    await useBackend('wasm');
    await expectAsInFloat64({type: 'lstm', batch: 2, steps: 5, features: 3, units: 6}, gate);
  });

  it('agrees with PyTorch', async () => {
    await useBackend('wasm');
    const {inputs, outputWeights, outputs, gradients, ...sizes} = torch;
    const [output, lastH, lastC] = outputWeights.map(weights => Float32Array.from(weights));
    const test: RecurrentCase = {
      ...{type: 'lstm', ...sizes, initialState: true},
      config: {recurrentActivation: 'sigmoid', returnSequences: true, returnState: true},
    };
    const given = Object.fromEntries(
      Object.entries(inputs).map(([name, numbers]) => [name, Float32Array.from(numbers)]),
    );
    const numbers = {...numbersOf(test), ...given, output: output!, lastH: lastH!, lastC: lastC!};
    const actual = await runRecurrent(test, numbers);
    actual.outputs.forEach((numbersOut, i) => expectNear(numbersOut, outputs[i]!, 1e-6));
    for (const [name, gradient] of Object.entries(actual.gradients))
      expectNear(gradient, gradients[name as keyof typeof gradients], 2e-6);
  });
});
