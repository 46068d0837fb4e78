/**
 * What all optimizers share: the rate and its clock, slots by key, decoupled weight decay, state, lifetime.
 * A subclass adds its options and one pure rule: what an update does to one weight.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {NamedTensorMap, Scalar, Tensor} from '@tensorflow/tfjs-core';
import {checkNames, CheckpointError, ConfigurationError, ShapeError} from '../core';
import type {Stateful, StateTree} from '../core';
import type {Schedule} from '../schedules';
import {canFuse, fusedUpdates, isAtLeastAsDerived} from './fused';
import type {FusedRule} from './fused';
import {checkNonNegative, checkScheduled, scheduledValue} from './options';
import type {PreparedUpdate, RuleInput, RuleOutput} from './rule';
import {asRecord, damaged, SlotStore} from './slots';
import type {SlotInits, SlotTensors} from './slots';
import type {WeightUpdate} from './types';

const SHARED = ['learningRate', 'weightDecay', 'excludeFromWeightDecay'];
/** What Keras and PyTorch call them. */
const KERAS_NAMES = {
  lr: 'learningRate',
  learning_rate: 'learningRate',
  weight_decay: 'weightDecay',
  beta_1: 'beta1',
  beta_2: 'beta2',
  eps: 'epsilon',
  alpha: 'rho',
};

/** Options of every optimizer. */
export interface OptimizerOptions {
  /** The rate, or a schedule of it: a function of the number of updates done. */
  learningRate?: number | Schedule;
  /**
   * Decoupled weight decay, as Keras defines it: each update first takes `learningRate · weightDecay · weight`
   * off the weight. Default 0 (AdamW: 0.004).
   */
  weightDecay?: number;
  /**
   * Weights that never decay, also where a parameter group sets a decay of its own. A string excludes every
   * weight whose name contains it, a regular expression every weight whose name it matches.
   */
  excludeFromWeightDecay?: readonly (string | RegExp)[];
}

/** What `step` finds out about an update before anything changes. */
interface Plan {
  readonly update: WeightUpdate;
  readonly learningRate: number;
  readonly decay: number;
}

/**
 * The base of all optimizers. Weights are known by the `key` of their updates, so their order is irrelevant,
 * some may be absent from some updates (their slots rest meanwhile), and no two optimizers share anything.
 *
 * The update count is the clock of the rate's schedule and of bias corrections, as in Keras: one count for the
 * optimizer, not one a weight as in PyTorch.
 *
 * @example
 * class SignDescent extends Optimizer {
 *   readonly name = 'signDescent';
 *   constructor(options: OptimizerOptions = {}) {
 *     super(options, {learningRate: 0.01});
 *   }
 *   protected slots() {
 *     return {};
 *   }
 *   protected rule({value, gradient, learningRate, scalar}: RuleInput<SlotTensors>) {
 *     return {value: tf.sub(value, tf.mul(tf.sign(gradient), scalar(learningRate))), slots: {}};
 *   }
 * }
 * const w = tf.variable(tf.tensor1d([1, 2]));
 * new SignDescent({learningRate: 0.25}).step([{key: 'w', variable: w, gradient: tf.tensor1d([3, -4])}]);
 * w.dataSync(); // [0.75, 2.25]
 */
export abstract class Optimizer<S extends SlotTensors = SlotTensors> implements Stateful {
  /** The optimizer's name, such as `'adam'`. */
  abstract readonly name: string;
  /** Multiplies the rate, whatever sets it (the options, a schedule, a parameter group). Part of the state. */
  learningRateFactor = 1;
  private rate: number | Schedule;
  private readonly weightDecay: number;
  private readonly excludeFromWeightDecay: readonly (string | RegExp)[];
  private readonly store = new SlotStore(shape => this.slots(shape));
  private updates = 0;

  /**
   * @param defaults the default rate and decay, and the names of the subclass's own options: then others are refused
   */
  protected constructor(
    options: OptimizerOptions,
    defaults: {learningRate: number; weightDecay?: number; names?: readonly string[]},
  ) {
    if (defaults.names !== undefined)
      checkNames('an optimizer', options, [...SHARED, ...defaults.names], KERAS_NAMES);
    this.rate = options.learningRate ?? defaults.learningRate;
    this.weightDecay = options.weightDecay ?? defaults.weightDecay ?? 0;
    this.excludeFromWeightDecay = [...(options.excludeFromWeightDecay ?? [])];
    checkScheduled('learningRate', this.rate, checkNonNegative);
    checkNonNegative('weightDecay', this.weightDecay);
  }

  /** The rate or its schedule; may be set at any time, and holds from the next update on. */
  get learningRate(): number | Schedule {
    return this.rate;
  }

  set learningRate(rate: number | Schedule) {
    checkScheduled('learningRate', rate, checkNonNegative);
    this.rate = rate;
  }

  /** Updates done so far. */
  get iterations(): number {
    return this.updates;
  }

  /** The rate of the next update (of weights without a rate of their own), `learningRateFactor` included. */
  currentLearningRate(): number {
    return this.effectiveRate(this.scheduledRate(), this.updates) * this.learningRateFactor;
  }

  /**
   * Updates all given weights once and ticks `iterations` once. Synchronous; gradients and variables stay the
   * caller's. All updates are checked before the first weight changes.
   *
   * @throws ShapeError if a gradient is not of its weight's shape, or slots are of another weight
   * @throws ConfigurationError if a key occurs twice, or a schedule gives no usable number
   */
  step(updates: readonly WeightUpdate[]): void {
    const plans = this.plan(updates);
    tf.tidy(() => {
      const prepared = plans.map(({update, learningRate, decay}) => ({
        update,
        slots: this.store.tensors(update.key, update.variable.shape) as S,
        learningRate,
        decay,
      }));
      this.updateWeights(prepared);
    });
    this.updates++;
  }

  /**
   * Updates registered variables by name, from `tf.variableGrads(…).grads`: for a loop written by hand.
   * Variables whose gradient is null or absent stay as they are. The gradients stay the caller's.
   *
   * @throws ConfigurationError if there is no variable of a given name; ShapeError as `step`
   */
  applyGradients(gradients: NamedTensorMap): void {
    const registered = tf.engine().registeredVariables;
    const updates: WeightUpdate[] = [];
    for (const [name, gradient] of Object.entries(gradients)) {
      // tf.variableGrads gives null for listed variables that are not trainable, against its declared type.
      const given: Tensor | null = gradient;
      if (given === null) continue;
      const variable = registered[name];
      if (variable === undefined) {
        throw new ConfigurationError(`There is no variable named '${name}'.`, {
          hint: 'Name the gradients as tf.variableGrads does; a disposed variable has no name any more.',
        });
      }
      updates.push({key: name, variable, gradient: given});
    }
    this.step(updates);
  }

  /** Progress and slots: `{name, iterations, learningRateFactor, learningRate (if a number), slots}`. Tensors are lent. */
  getState(): StateTree {
    return {
      name: this.name,
      iterations: this.updates,
      learningRateFactor: this.learningRateFactor,
      learningRate: typeof this.rate === 'number' ? this.rate : undefined,
      slots: this.store.getState(),
    };
  }

  /**
   * Takes up the progress that `getState` gave; tensors are copied. Works before the first update too: slots
   * wait until their weight appears. A rate in the state replaces a number, not a schedule.
   *
   * @throws CheckpointError, before anything changes, if the state is of another optimizer or model
   */
  setState(state: StateTree): void {
    const {name, iterations, learningRateFactor, learningRate, slots} = asRecord(state, 'state');
    if (name !== this.name) {
      throw new CheckpointError(`The state is of optimizer ${show(name)}; this is '${this.name}'.`, {
        hint: 'Resume with the optimizer that the checkpoint was made with.',
      });
    }
    if (typeof iterations !== 'number' || !Number.isInteger(iterations) || iterations < 0) {
      throw damaged(`iterations is ${show(iterations)}`);
    }
    if (!isRate(learningRateFactor)) throw damaged(`learningRateFactor is ${show(learningRateFactor)}`);
    if (learningRate !== undefined && learningRate !== null && !isRate(learningRate)) {
      throw damaged(`learningRate is ${show(learningRate)}`);
    }
    this.store.setState(slots);
    this.updates = iterations;
    this.learningRateFactor = learningRateFactor;
    if (typeof learningRate === 'number' && typeof this.rate === 'number') this.rate = learningRate;
  }

  /** Moves all slots to the host, so that no tensor stays alive between runs. The next step brings them back. */
  offload(): Promise<void> {
    return this.store.offload();
  }

  /** Frees the slots. The optimizer is then as new: the next update is its first, at `learningRate` as it is set. */
  dispose(): void {
    this.store.clear();
    this.updates = 0;
    this.learningRateFactor = 1;
  }

  /** The options, complete: `new Adam(adam.getConfig())` is an optimizer like `adam` (state apart). */
  getConfig(): Required<OptimizerOptions> {
    return {
      learningRate: this.rate,
      weightDecay: this.weightDecay,
      excludeFromWeightDecay: [...this.excludeFromWeightDecay],
    };
  }

  /** The slots that a weight of this shape needs, before its first update. */
  protected abstract slots(shape: readonly number[]): SlotInits;

  /** One update of one weight, as a pure function. */
  protected abstract rule(input: RuleInput<S>): RuleOutput<S>;

  /**
   * The rule as one kernel updates all weights with it, where the backend has that kernel; undefined where the
   * rule alone computes. A class that overrides `rule` and not this does so too.
   */
  protected fused(): FusedRule | undefined {
    return undefined;
  }

  /** The rate that an update uses where `rate` is set: another only where the method itself bounds it (Adafactor). */
  protected effectiveRate(rate: number, _count: number): number {
    return rate;
  }

  /**
   * Computes all updates of a step and puts the results in place: with one kernel for all weights where there is
   * one, else by the rule, one weight after the other. Runs inside `tf.tidy`.
   */
  protected updateWeights(prepared: readonly PreparedUpdate<S>[]): void {
    const fused = isAtLeastAsDerived(this, 'fused', 'rule') ? this.fused() : undefined;
    if (fused !== undefined && canFuse(prepared)) {
      const results = fusedUpdates(fused, prepared, this.updates);
      for (const [i, {update}] of prepared.entries()) this.commit(update, results[i] as RuleOutput<S>);
      return;
    }
    const scalar = scalars();
    for (const {update, slots, learningRate, decay} of prepared) {
      const {variable, gradient} = update;
      // Not variable · (1 − decay): in float32 1 − decay keeps few digits of a small decay.
      const value = decay === 0 ? variable : tf.sub(variable, tf.mul(variable, scalar(decay)));
      const result = this.rule({value, gradient, slots, learningRate, count: this.updates, scalar});
      this.commit(update, result);
    }
  }

  /** Puts the results of one weight in place. */
  protected commit({key, variable}: WeightUpdate, {value, slots}: RuleOutput<S>): void {
    this.store.replace(key, slots);
    variable.assign(value);
  }

  private scheduledRate(): number {
    return scheduledValue('learningRate', this.rate, this.updates, checkNonNegative);
  }

  private plan(updates: readonly WeightUpdate[]): Plan[] {
    const rate = this.scheduledRate();
    const seen = new Set<string>();
    return updates.map(update => {
      const {key, variable, gradient} = update;
      if (seen.has(key)) {
        throw new ConfigurationError(`Two updates in one step are of the same weight '${key}'.`, {
          hint: 'Add their gradients, or give different weights different keys.',
        });
      }
      seen.add(key);
      if (!tf.util.arraysEqual(gradient.shape, variable.shape)) {
        throw new ShapeError(
          `The gradient of '${update.name ?? key}' has shape [${gradient.shape.join(',')}]; the weight has [${variable.shape.join(',')}].`,
          {code: 'shape/gradient'},
        );
      }
      this.store.check(key, variable.shape);
      const own = update.learningRate ?? rate;
      const multiplier = (update.learningRateMultiplier ?? 1) * this.learningRateFactor;
      checkNonNegative(`learningRate of '${key}'`, own * multiplier);
      return {
        update,
        learningRate: this.effectiveRate(own, this.updates) * multiplier,
        decay: own * multiplier * this.decayOf(update),
      };
    });
  }

  private decayOf({key, name = key, weightDecay = this.weightDecay}: WeightUpdate): number {
    if (weightDecay === 0) return 0;
    checkNonNegative(`weightDecay of '${key}'`, weightDecay);
    const excluded = this.excludeFromWeightDecay.some(pattern =>
      typeof pattern === 'string' ? name.includes(pattern) : name.search(pattern) >= 0,
    );
    return excluded ? 0 : weightDecay;
  }
}

/** A value in a state, for a message. */
function show(value: StateTree): string {
  if (typeof value === 'string') return `'${value}'`;
  return typeof value === 'object' && value !== null ? 'no number' : String(value);
}

function isRate(value: StateTree): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

/** Numbers as tensors, one for each different number; for use inside one `tf.tidy`. */
function scalars(): (value: number) => Scalar {
  const made = new Map<number, Scalar>();
  return value => {
    let tensor = made.get(value);
    if (tensor === undefined) {
      tensor = tf.scalar(value, 'float32');
      made.set(value, tensor);
    }
    return tensor;
  };
}
