/** A dense network for each loss, with targets as the loss takes them. */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import {losses} from 'glassbox';
import {integers, uniforms} from './numbers';
import type {TrainedModel} from './train';

const BATCH = 6;
const UNITS = 4;

type Activation = 'linear' | 'sigmoid' | 'softmax' | 'softplus';

interface LossCase {
  readonly make: () => losses.Loss;
  readonly activation?: Activation;
  readonly units?: number;
  /** Numbers from −1 to 1 in the output's shape otherwise. */
  readonly target?: () => Tensor;
}

const classes = (): Tensor => integers('classes', [BATCH], UNITS);
const oneHot = (): Tensor => tf.tidy(() => tf.cast(tf.oneHot(classes(), UNITS), 'float32'));
const bits = (): Tensor => tf.tidy(() => tf.cast(integers('bits', [BATCH, UNITS], 2), 'float32'));
const signs = (): Tensor => tf.tidy(() => tf.sub(tf.mul(2, bits()), 1));
const positive = (): Tensor => uniforms('positive', [BATCH, UNITS], 0.2, 2);
const shares = (): Tensor => tf.tidy(() => tf.softmax(uniforms('shares', [BATCH, UNITS])));

/** By the class that `losses` exports; several for a loss that has several ways to compute. */
export const lossCases: Record<string, readonly LossCase[]> = {
  BinaryCrossentropy: [
    {make: () => new losses.BinaryCrossentropy(), activation: 'sigmoid', target: bits},
    {make: () => new losses.BinaryCrossentropy({fromLogits: true, labelSmoothing: 0.1}), target: bits},
  ],
  BinaryFocalCrossentropy: [
    {make: () => new losses.BinaryFocalCrossentropy(), activation: 'sigmoid', target: bits},
    {make: () => new losses.BinaryFocalCrossentropy({fromLogits: true}), target: bits},
  ],
  CategoricalCrossentropy: [
    {make: () => new losses.CategoricalCrossentropy(), activation: 'softmax', target: oneHot},
    {make: () => new losses.CategoricalCrossentropy({fromLogits: true, labelSmoothing: 0.1}), target: oneHot},
  ],
  CategoricalFocalCrossentropy: [
    {make: () => new losses.CategoricalFocalCrossentropy(), activation: 'softmax', target: oneHot},
    {make: () => new losses.CategoricalFocalCrossentropy({fromLogits: true}), target: oneHot},
  ],
  CategoricalHinge: [{make: () => new losses.CategoricalHinge(), target: oneHot}],
  ContrastiveLoss: [
    {
      make: () => new losses.ContrastiveLoss({margin: 1.2}),
      activation: 'softplus',
      units: 1,
      target: () => tf.tidy(() => tf.cast(integers('pairs', [BATCH, 1], 2), 'float32')),
    },
  ],
  CosineSimilarity: [{make: () => new losses.CosineSimilarity()}],
  Hinge: [{make: () => new losses.Hinge(), target: signs}],
  Huber: [{make: () => new losses.Huber({delta: 0.5})}],
  KLDivergence: [{make: () => new losses.KLDivergence(), activation: 'softmax', target: shares}],
  LogCosh: [{make: () => new losses.LogCosh()}],
  MeanAbsoluteError: [{make: () => new losses.MeanAbsoluteError()}],
  MeanAbsolutePercentageError: [{make: () => new losses.MeanAbsolutePercentageError(), target: positive}],
  MeanSquaredError: [{make: () => new losses.MeanSquaredError()}],
  MeanSquaredLogarithmicError: [
    {make: () => new losses.MeanSquaredLogarithmicError(), activation: 'softplus', target: positive},
  ],
  Poisson: [{make: () => new losses.Poisson(), activation: 'softplus', target: positive}],
  SparseCategoricalCrossentropy: [
    {make: () => new losses.SparseCategoricalCrossentropy(), activation: 'softmax', target: classes},
    {make: () => new losses.SparseCategoricalCrossentropy({fromLogits: true}), target: classes},
  ],
  SquaredHinge: [{make: () => new losses.SquaredHinge(), target: signs}],
  TripletLoss: [
    {make: () => new losses.TripletLoss({margin: 1}), target: () => integers('triples', [BATCH], 2)},
  ],
};

function lossModel(
  name: string,
  {make, activation = 'linear', units = UNITS, target}: LossCase,
): TrainedModel {
  return {
    name,
    build: () =>
      layers.sequential({
        layers: [
          layers.layers.dense({units: 5, inputShape: [3], activation: 'tanh'}),
          layers.layers.dense({units, activation}),
        ],
      }),
    feed: () => [uniforms(`${name}, input`, [BATCH, 3])],
    loss: make,
    ...(target && {target}),
  };
}

export const lossModels: readonly TrainedModel[] = Object.entries(lossCases).flatMap(([loss, cases]) =>
  cases.map((lossCase, i) => lossModel(`loss ${loss}, case ${i + 1}`, lossCase)),
);
