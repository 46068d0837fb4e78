/**
 * Losses by name.
 */
import {unknownName} from '../core';
import {BinaryCrossentropy} from './binaryCrossentropy';
import {CategoricalCrossentropy, SparseCategoricalCrossentropy} from './categoricalCrossentropy';
import {BinaryFocalCrossentropy, CategoricalFocalCrossentropy} from './focal';
import {CategoricalHinge, Hinge, SquaredHinge} from './hinge';
import {FunctionLoss, Loss, type LossFunction} from './loss';
import {KLDivergence, Poisson} from './probabilistic';
import {
  Huber,
  LogCosh,
  MeanAbsoluteError,
  MeanAbsolutePercentageError,
  MeanSquaredError,
  MeanSquaredLogarithmicError,
} from './regression';
import {ContrastiveLoss, CosineSimilarity, TripletLoss} from './similarity';

/** Every loss with the names it goes by: tfjs's camelCase first, then Keras's further ones. */
const LOSSES: readonly (readonly [make: () => Loss, ...names: string[]])[] = [
  [() => new MeanSquaredError(), 'meanSquaredError', 'mse'],
  [() => new MeanAbsoluteError(), 'meanAbsoluteError', 'mae'],
  [() => new MeanAbsolutePercentageError(), 'meanAbsolutePercentageError', 'mape'],
  [() => new MeanSquaredLogarithmicError(), 'meanSquaredLogarithmicError', 'msle'],
  [() => new Huber(), 'huber', 'huberLoss'],
  [() => new LogCosh(), 'logcosh', 'logCosh'],
  [() => new BinaryCrossentropy(), 'binaryCrossentropy', 'bce'],
  [() => new CategoricalCrossentropy(), 'categoricalCrossentropy'],
  [() => new SparseCategoricalCrossentropy(), 'sparseCategoricalCrossentropy'],
  [() => new BinaryFocalCrossentropy(), 'binaryFocalCrossentropy'],
  [() => new CategoricalFocalCrossentropy(), 'categoricalFocalCrossentropy'],
  [() => new Hinge(), 'hinge'],
  [() => new SquaredHinge(), 'squaredHinge'],
  [() => new CategoricalHinge(), 'categoricalHinge'],
  [() => new KLDivergence(), 'kullbackLeiblerDivergence', 'klDivergence', 'kld'],
  [() => new Poisson(), 'poisson'],
  [() => new CosineSimilarity(), 'cosineSimilarity', 'cosineProximity', 'cosine'],
  [() => new TripletLoss(), 'tripletLoss', 'triplet'],
  [() => new ContrastiveLoss(), 'contrastiveLoss', 'contrastive'],
];

/**
 * A loss by name, as it is, or made from a function.
 *
 * Names are those of tfjs (`'meanSquaredError'`), of Keras (`'mean_squared_error'`, `'MeanSquaredError'`) and the
 * common short ones (`'mse'`).
 *
 * @throws ConfigurationError for a name that no loss has
 * @example
 * getLoss('sparse_categorical_crossentropy').name; // 'sparseCategoricalCrossentropy'
 */
export function getLoss(id: string | Loss | LossFunction): Loss {
  if (id instanceof Loss) return id;
  if (typeof id === 'function') return new FunctionLoss(id);
  const make = findLoss(id);
  if (make === undefined) throw unknownName('loss', id, lossNames());
  return make();
}

/** What makes the loss of this name, or undefined. */
export function findLoss(name: string): (() => Loss) | undefined {
  const plain = plainName(name);
  return LOSSES.find(([, ...names]) => names.some(known => plainName(known) === plain))?.[0];
}

/** All names that `getLoss` knows, in camelCase. */
export function lossNames(): string[] {
  return LOSSES.flatMap(([, ...names]) => names);
}

/** One spelling for camelCase, snake_case and class names. */
export function plainName(name: string): string {
  return name.replaceAll('_', '').toLowerCase();
}
