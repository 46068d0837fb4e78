/** What PyTorch has computed: functions and their gradients, losses and theirs, layers in training (test/oracle). */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import type {LayersModel, SymbolicTensor} from '@tensorflow/tfjs-layers';
import {SGD, getLoss, type losses} from 'glassbox';
import {cases as functions} from '../backend/oracleCases';
import type {Expected, Flat} from '../backend/oracleCases';
import backendOracle from '../oracle/backend.json';
import layersOracle from '../oracle/layers.json';
import lossesOracle from '../oracle/losses.json';
import {read} from './numbers';
import type {SuiteCase} from './suite';
import {trainModel} from './train';

const tensorOf = ({values, shape}: Flat): Tensor => tf.tensor(values, shape);

const functionCases = Object.entries(functions).map(([name, {f}]): SuiteCase => {
  const {inputs, weights, output, gradients}: Expected = backendOracle[name as keyof typeof functions];
  return {
    name: `PyTorch: ${name}`,
    expected: [output, ...gradients].map(({values}) => values),
    compute: () =>
      read(
        tf.tidy(() => {
          const xs = inputs.map(tensorOf);
          const scalar = (...given: Tensor[]): Tensor =>
            tf.sum(tf.mul(f(...(given as never[])), tensorOf(weights)));
          return [f(...(xs as never[])), ...tf.grads(scalar)(xs)];
        }),
      ),
  };
});

type Nested = number | Nested[];
type LossClass = new (options: object) => losses.Loss;

const flat = (numbers: Nested): number[] => [numbers].flat(Infinity as 1) as number[];

const lossCases = lossesOracle.cases.map((oracle): SuiteCase => ({
  name: `PyTorch: loss ${oracle.name}`,
  expected: [flat(oracle.values), flat(oracle.gradient)],
  compute: () =>
    read(
      tf.tidy(() => {
        const loss = new (getLoss(oracle.loss).constructor as LossClass)(oracle.options);
        const [yTrue, yPred, weights] = [oracle.yTrue, oracle.yPred, oracle.weights].map(values =>
          tf.tensor(values),
        ) as [Tensor, Tensor, Tensor];
        const weighted = (p: Tensor): Tensor => tf.sum(tf.mul(loss.call(yTrue, p), weights));
        return [loss.call(yTrue, yPred), tf.grad(weighted)(yPred)];
      }),
    ),
}));

type LayerOracle = (typeof layersOracle.cases)[number];

function build({layer, config, x, weights}: LayerOracle): LayersModel {
  const make = layers.layers[layer as 'dense'] as (config: object) => layers.layers.Layer;
  const input = layers.input({shape: x.shape.slice(1)});
  const model = layers.model({inputs: input, outputs: make(config).apply(input) as SymbolicTensor});
  tf.tidy(() => model.setWeights(weights.map(tensorOf)));
  return model;
}

const trainedLayers = layersOracle.cases
  .filter(({weights}) => weights.length > 0)
  .map((oracle): SuiteCase => ({
    name: `PyTorch: training ${oracle.name}`,
    expected: [oracle.losses, ...oracle.finalWeights.map(({values}) => values)],
    compute: async () => {
      const [inputs, targets] = [[tensorOf(oracle.x)], [tensorOf(oracle.target)]];
      const optimizer = new SGD({learningRate: layersOracle.rate});
      const {steps} = layersOracle;
      const result = await trainModel(build(oracle), {inputs, targets, steps, optimizer});
      tf.dispose([...inputs, ...targets]);
      return result;
    },
  }));

const layersWithoutWeights = layersOracle.cases
  .filter(({weights}) => weights.length === 0)
  .map((oracle): SuiteCase => ({
    name: `PyTorch: gradient of ${oracle.name}`,
    expected: [[oracle.losses[0]!], oracle.gradients[0]!.values],
    compute: () =>
      read(
        tf.tidy(() => {
          const model = build(oracle);
          const target = tensorOf(oracle.target);
          const loss = (x: Tensor): Tensor =>
            tf.mean(tf.square(tf.sub(model.apply(x, {training: true}) as Tensor, target)));
          const {value, grad} = tf.valueAndGrad(loss)(tensorOf(oracle.x));
          return [value, grad];
        }),
      ),
  }));

export const torchCases: readonly SuiteCase[] = [
  ...functionCases,
  ...lossCases,
  ...trainedLayers,
  ...layersWithoutWeights,
];
