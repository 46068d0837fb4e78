/**
 * A stand-in for the trainer: calls hooks as it would, on a "model" of a few variables.
 */
import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import {SGD} from '../../src/optimizers';
import type {Optimizer} from '../../src/optimizers';
import type {Parameter} from '../../src/graph';
import type {
  BatchEndContext,
  Callback,
  EpochEndContext,
  Logs,
  MicroBatchContext,
  OptimizerStepContext,
  TrainContext,
} from '../../src/trainer';

/** A weight that tests can read and set. */
export function parameter(key: string, value: number, {trainable = true} = {}): Parameter {
  const initial = tf.tensor1d([value]);
  const variable = tf.variable(initial, trainable);
  initial.dispose();
  return {
    key,
    name: key,
    layerClass: 'Dense',
    layer: layers.layers.dense({units: 1}),
    shape: [1],
    variable,
    trainable,
    applyConstraint: undefined,
  };
}

export function setWeight({variable}: Parameter, value: number): void {
  tf.tidy(() => variable.assign(tf.tensor1d([value])));
}

export function weight({variable}: Parameter): number {
  return variable.dataSync()[0]!;
}

type Mutable<T> = {-readonly [K in keyof T]: T[K]};

/** A context whose fields tests set, and the hooks of `callbacks` called in order. */
export class FakeRun {
  readonly logged: Logs = {};
  refreshed: ({batches?: number} | undefined)[] = [];
  checkpoints = 0;
  /** Whose updates those of `batch` are. */
  optimizerName = 'model';
  readonly context: Mutable<TrainContext>;

  constructor(
    readonly callbacks: readonly Callback[],
    {
      parameters = [],
      optimizer = new SGD({learningRate: 0.1}),
      ...overrides
    }: Partial<TrainContext> & {optimizer?: Optimizer} = {},
  ) {
    this.context = {
      model: layers.sequential(),
      models: {},
      optimizer,
      optimizers: {model: optimizer},
      parameters,
      seed: 0,
      epoch: 0,
      epochs: 10,
      batch: 0,
      batchesPerEpoch: undefined,
      validationFrequency: 1,
      batches: 0,
      steps: 0,
      history: {},
      resumed: false,
      stopReason: undefined,
      signal: undefined,
      stop: reason => {
        this.context.stopReason ??= reason;
      },
      log: (name, value) => {
        this.logged[name] = value;
      },
      checkpoint: async () => new Uint8Array([++this.checkpoints]),
      refreshStatistics: async options => {
        this.refreshed.push(options);
      },
      ...overrides,
    };
  }

  async begin(): Promise<this> {
    await this.call('onTrainBegin', this.context);
    return this;
  }

  /** One epoch of batches, each with an update of `train`; then validation and the epoch's end with `logs`. */
  async epoch(
    logs: Logs,
    {
      batches = 1,
      train = () => {},
      validation = true,
    }: {batches?: number; train?: () => void; validation?: boolean} = {},
  ): Promise<StopReason> {
    const {context} = this;
    context.batch = 0;
    await this.call('onEpochBegin', context);
    for (let i = 0; i < batches; i++) await this.batch(logs, train);
    if (validation) {
      await this.call('onValidationBegin', context);
      await this.call('onValidationEnd', this.view({logs}));
    }
    await this.call('onEpochEnd', this.view<EpochEndContext>({logs: {...logs, ...this.logged}}));
    const {stopReason} = context;
    context.epoch++;
    return stopReason;
  }

  async batch(logs: Logs, train = (): void => {}): Promise<void> {
    const {context} = this;
    context.batch++;
    await this.call('onTrainBatchBegin', context);
    train();
    context.steps++;
    await this.call(
      'onOptimizerStep',
      this.view<OptimizerStepContext>({optimizerName: this.optimizerName, learningRate: 0.1}),
    );
    context.batches++;
    await this.call('onTrainBatchEnd', this.view<BatchEndContext>({logs: {read: async () => logs}}));
  }

  /** What a window of `size` does: true if it closes. */
  async closes(size: number, last = false): Promise<boolean> {
    let closing = true;
    const window = {size, closing, last, keepOpen: () => (closing = false), close: () => (closing = true)};
    await this.call('onMicroBatchEnd', this.view<MicroBatchContext>({window}));
    return closing;
  }

  async end(stopReason: StopReason = 'completed'): Promise<void> {
    this.context.stopReason ??= stopReason;
    await this.call('onTrainEnd', this.context);
  }

  /** The context with what a hook sees beyond it. */
  view<T extends TrainContext>(more: Omit<T, keyof TrainContext>): T {
    return Object.assign(Object.create(this.context) as TrainContext, more) as T;
  }

  private async call<Name extends `on${string}` & keyof Callback>(
    name: Name,
    context: unknown,
  ): Promise<void> {
    const sorted = [...this.callbacks].sort((a, b) => (a.order ?? 0) - (b.order ?? 0));
    for (const callback of sorted) {
      const hook = callback[name] as ((this: Callback, context: unknown) => unknown) | undefined;
      await hook?.call(callback, context);
    }
  }
}

type StopReason = TrainContext['stopReason'];
