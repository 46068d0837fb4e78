/**
 * Optimizers by name.
 */
import {ConfigurationError, unknownName} from '../core';
import {Adadelta} from './adadelta';
import {Adafactor} from './adafactor';
import {Adagrad} from './adagrad';
import {Adam} from './adam';
import {Adamax} from './adamax';
import {AdamW} from './adamw';
import {LAMB} from './lamb';
import {Lion} from './lion';
import {Nadam} from './nadam';
import type {Optimizer} from './optimizer';
import {RMSprop} from './rmsprop';
import {SGD} from './sgd';

const makers: Readonly<Record<string, () => Optimizer>> = {
  adadelta: () => new Adadelta(),
  adafactor: () => new Adafactor(),
  adagrad: () => new Adagrad(),
  adam: () => new Adam(),
  adamax: () => new Adamax(),
  adamw: () => new AdamW(),
  lamb: () => new LAMB(),
  lion: () => new Lion(),
  nadam: () => new Nadam(),
  rmsprop: () => new RMSprop(),
  sgd: () => new SGD(),
};

/**
 * A new optimizer with its default options, by name (case does not matter); an optimizer comes back as it is.
 *
 * @throws ConfigurationError if there is none of that name, or it is an optimizer of tf.train
 * @example
 * getOptimizer('adam').currentLearningRate(); // 0.001
 */
export function getOptimizer(id: string | Optimizer): Optimizer {
  if (typeof id !== 'string') {
    // Not instanceof: another copy of the library makes optimizers too.
    if (typeof id?.step === 'function' && typeof id.offload === 'function') return id;
    throw new ConfigurationError(
      "The optimizer is none of glassbox's: those of tf.train cannot be resumed.",
      {
        hint: "Use one of glassbox's, such as new Adam({learningRate: 1e-3}), or a name.",
        code: 'configuration/optimizer',
      },
    );
  }
  const name = id.toLowerCase();
  const make = Object.hasOwn(makers, name) ? makers[name] : undefined;
  if (make === undefined) throw unknownName('optimizer', id, Object.keys(makers));
  return make();
}
