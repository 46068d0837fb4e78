/** A few steps of the Trainer from fixed weights on fixed data. */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import type {LayersModel} from '@tensorflow/tfjs-layers';
import {SGD, Trainer, losses, withSeed} from 'glassbox';
import type {Optimizer} from 'glassbox';
import {read, uniforms} from './numbers';

/** How a model is trained; the one who fills in the tensors disposes them. */
export interface Training {
  readonly inputs: Tensor[];
  readonly targets: Tensor[];
  readonly steps: number;
  /** `MeanSquaredError` otherwise. */
  readonly loss?: losses.Loss | undefined;
  /** Gradient descent by a tenth otherwise. */
  readonly optimizer?: Optimizer | undefined;
}

/** A model and how it is trained: the same on every backend. */
export interface TrainedModel {
  readonly name: string;
  readonly build: () => LayersModel;
  readonly feed: () => Tensor[];
  /** Makes the targets, where they are not just numbers in the outputs' shapes. */
  readonly target?: () => Tensor;
  readonly loss?: () => losses.Loss;
  readonly optimizer?: () => Optimizer;
}

const STEPS = 3;

/** Trains a model of the suite on the active backend; gives what `trainModel` gives. */
export async function train(trained: TrainedModel): Promise<ArrayLike<number>[]> {
  const {name, build, feed, target, loss, optimizer} = trained;
  const before = new Set(variables());
  const model = withSeed(1, build);
  addNoise(model, name);
  const inputs = feed();
  const batch = inputs[0]!.shape[0];
  const targets = target === undefined ? targetsOf(model, batch, name) : [target()];
  const result = await trainModel(model, {
    inputs,
    targets,
    steps: STEPS,
    loss: loss?.(),
    optimizer: optimizer?.(),
  });
  tf.dispose([...inputs, ...targets]);
  // Of layers that are shared with another model, or that only another model has: they outlive `model.dispose()`.
  for (const variable of variables()) if (!before.has(variable)) variable.dispose();
  return result;
}

function variables(): tf.Variable[] {
  return Object.values(tf.engine().state.registeredVariables);
}

/** The loss of each step and then all weights, statistics too, on the active backend. The model is disposed. */
export async function trainModel(model: LayersModel, training: Training): Promise<ArrayLike<number>[]> {
  const {inputs, targets, steps} = training;
  const {loss = new losses.MeanSquaredError(), optimizer = new SGD({learningRate: 0.1})} = training;
  const trainer = new Trainer(model, {loss, optimizer, seed: 2});
  const {history} = await trainer.fit([inputs, targets], {
    epochs: steps,
    batchSize: inputs[0]!.shape[0],
    shuffle: false,
  });
  const weights = await read(model.getWeights().map(weight => weight.clone()));
  trainer.dispose();
  model.dispose();
  return [history['loss']!, ...weights];
}

/** Zeros and ones, as biases and scales start, would hide where they go. */
function addNoise(model: LayersModel, name: string): void {
  model.trainableWeights.forEach((weight, i) => {
    tf.tidy(() => {
      const value = weight.read();
      weight.write(tf.add(value, uniforms(`${name}, weight ${i}`, value.shape, -0.2, 0.2)));
    });
  });
}

function targetsOf(model: LayersModel, batch: number, name: string): Tensor[] {
  return model.outputs.map((output, i) =>
    uniforms(
      `${name}, target ${i}`,
      output.shape.map(size => size ?? batch),
    ),
  );
}
