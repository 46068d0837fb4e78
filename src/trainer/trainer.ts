/**
 * `Trainer`: the way in. It checks what it is given, makes a run of it, and leaves the numbers to the others here.
 */
import type {Tensor} from '@tensorflow/tfjs-core';
import type {LayersModel} from '@tensorflow/tfjs-layers';
import {CheckpointError, ConfigurationError} from '../core';
import {Dataset} from '../data';
import {ModelGraph} from '../graph';
import type {Optimizer} from '../optimizers';
import {ClassWeights} from './classWeights';
import type {InferenceContext, Logs, StopReason} from './callback';
import {checkArrayData, checkTargets} from './checkData';
import {checkCall, checkCount} from './fitOptions';
import {evaluatePass, forEachBatch, freshEvaluation, predictPass} from './inference';
import {findLearningRate} from './learningRateFinder';
import type {FindLearningRateOptions, LearningRateCurve} from './learningRateFinder';
import type {
  ArrayData,
  EvaluateOptions,
  FitOptions,
  FitResult,
  PredictOptions,
  TrainerOptions,
  TrainingData,
} from './options';
import {TrainingRun} from './run';
import {createSource, splitForValidation} from './source';
import type {BatchSource, SourceOptions} from './source';
import {isRecord} from './perOutput';
import {createCore} from './trainerCore';
import type {TrainerCore} from './trainerCore';

const BATCH_SIZE = 32;

/**
 * Trains tfjs LayersModels: the loop, with its windows, penalties, clipping, optimizers, constraints, metrics,
 * validation and checkpoints. What it prints, saves or decides on the way is up to its callbacks.
 *
 * A trainer does one `fit` at a time. Between calls it keeps no tensor: optimizer slots rest on the host.
 *
 * @example
 * const model = withSeed(1, () => layers.sequential({layers: [layers.layers.dense({units: 1, inputShape: [2]})]}));
 * const trainer = new Trainer(model, {loss: 'meanSquaredError', optimizer: new SGD({learningRate: 0.1}), seed: 1});
 * const x = tf.tensor2d([[0, 0], [0, 1], [1, 0], [1, 1]]);
 * const y = tf.tensor2d([[0], [1], [1], [2]]);
 * const {history} = await trainer.fit([x, y], {epochs: 100, batchSize: 4});
 * history.loss.at(-1)! < 0.01; // true
 */
export class Trainer {
  /** What every random draw derives from. */
  readonly seed: number;
  private readonly core: TrainerCore;
  private running: TrainingRun | undefined;
  private preparing = false;
  /** What `stop` said before the run was ready. */
  private stopEarly: StopReason | undefined;

  /**
   * @param models a model, or a record of models that a `trainStep` uses together
   * @throws ConfigurationError for unknown names and for losses, metrics or steps that do not go together
   */
  constructor(models: LayersModel | Readonly<Record<string, LayersModel>>, options: TrainerOptions) {
    this.core = createCore(models, options);
    this.seed = this.core.seed;
  }

  /** The optimizer, or the first of several. */
  get optimizer(): Optimizer {
    return this.core.phases[0]!.optimizer;
  }

  /**
   * Trains, and resolves with how it went.
   *
   * @param data `[x, y]`, a Dataset or an iterable of batches; axis 0 of every tensor counts samples
   * @throws DataError, ShapeError, ConfigurationError or CheckpointError before any weight changes; whatever a
   *   callback throws; the signal's reason after an abort
   *
   * @example
   * const model = layers.sequential({layers: [layers.layers.dense({units: 1, inputShape: [1]})]});
   * const trainer = new Trainer(model, {loss: 'mse'});
   * const {epochs, stopReason} = await trainer.fit([tf.tensor2d([[1], [2]]), tf.tensor2d([[2], [4]])], {epochs: 2});
   * epochs; // 2
   * stopReason; // 'completed'
   */
  async fit(data: TrainingData, options: FitOptions = {}): Promise<FitResult> {
    checkCall(data, options);
    if (this.preparing || this.running !== undefined) {
      throw new ConfigurationError('This trainer is training already.', {
        hint: 'Await the first fit, or use a trainer each.',
        code: 'configuration/busy',
      });
    }
    this.preparing = true;
    this.stopEarly = undefined;
    try {
      options.signal?.throwIfAborted();
      this.running = await this.prepare(data, options);
      if (this.stopEarly !== undefined) this.running.stop(this.stopEarly);
      return await this.running.execute();
    } finally {
      this.preparing = false;
      this.running = undefined;
    }
  }

  /** Ends the running `fit` gracefully after the current batch: the epoch is closed, validated and reported. */
  stop(reason: StopReason = 'stopped'): void {
    if (this.running !== undefined) this.running.stop(reason);
    else if (this.preparing) this.stopEarly = reason;
  }

  /**
   * Loss and metrics of the model on `data`, penalties included in the loss as in Keras.
   *
   * @returns `{loss, …}` by the names that `fit` uses
   * @throws DataError, ShapeError or ConfigurationError
   *
   * @example
   * const model = layers.sequential({layers: [layers.layers.dense({units: 1, inputShape: [1], kernelInitializer: 'ones'})]});
   * const trainer = new Trainer(model, {loss: 'mse', metrics: ['mae']});
   * await trainer.evaluate([tf.tensor2d([[1], [2]]), tf.tensor2d([[2], [4]])]); // {loss: 2.5, mae: 1.5}
   */
  async evaluate(data: TrainingData, options: EvaluateOptions = {}): Promise<Logs> {
    const {core} = this;
    checkCount('batchSize', options.batchSize, 1);
    checkCount('steps', options.steps, 1);
    const what = 'evaluation data';
    const source = createSource(data, {
      batchSize: options.batchSize ?? BATCH_SIZE,
      shuffle: false,
      ports: core.ports,
      sampleWeight: options.sampleWeight,
      what,
    });
    const {steps, signal} = options;
    return evaluatePass(freshEvaluation(core), {
      source,
      ports: core.ports,
      seed: core.seed,
      what,
      steps,
      signal,
    });
  }

  /**
   * The model's outputs for `x`, batch by batch: one tensor `[samples, …]` an output, which the caller disposes.
   *
   * @throws DataError or ShapeError
   *
   * @example
   * const model = layers.sequential({layers: [layers.layers.dense({units: 1, inputShape: [1], kernelInitializer: 'ones'})]});
   * const y = await new Trainer(model, {loss: 'mse'}).predict(tf.tensor2d([[1], [2], [3]]), {batchSize: 2});
   * y.dataSync(); // [1, 2, 3]
   */
  async predict(x: ArrayData | Dataset<unknown>, options: PredictOptions = {}): Promise<Tensor> {
    const [port, second] = this.core.ports?.outputs ?? [];
    if (port !== undefined && second !== undefined) {
      throw new ConfigurationError('The model has several outputs; predict gives one.', {
        hint: 'Call predictAll.',
      });
    }
    return (await this.predictAll(x, options))[0]!;
  }

  /** As `predict`, with all outputs of a model that has several. */
  async predictAll(x: ArrayData | Dataset<unknown>, options: PredictOptions = {}): Promise<Tensor[]> {
    const {core} = this;
    const {hooks, graphs, ports, seed} = core;
    if (ports === undefined) {
      throw new ConfigurationError('predict goes with one model; this trainer has several.', {
        hint: 'Call model.predict on the one you mean.',
      });
    }
    const what = 'data to predict from';
    checkCount('batchSize', options.batchSize, 1);
    checkCount('steps', options.steps, 1);
    const {batchSize = BATCH_SIZE, steps, signal} = options;
    const source = createSource(x instanceof Dataset ? x : [x], {batchSize, shuffle: false, ports, what});
    const context = (batch: number): InferenceContext => ({
      model: graphs[0]!.graph.model,
      batch,
      batchesTotal: source.batchesPerPass,
    });
    await hooks.call('onPredictBegin', () => context(0));
    const outputs = await predictPass(graphs[0]!.graph, {
      source,
      ports,
      seed,
      what,
      steps,
      signal,
      onBatchBegin: batch => hooks.call('onPredictBatchBegin', () => context(batch)),
      onBatchEnd: batch => hooks.call('onPredictBatchEnd', () => context(batch)),
    });
    await hooks.call('onPredictEnd', () => context(source.batchesPerPass ?? 0));
    return outputs;
  }

  /**
   * The learning-rate range test (Smith 2017): trains on rising rates, then puts weights, statistics, optimizer
   * and random state back as they were.
   *
   * @example
   * const model = withSeed(3, () => layers.sequential({layers: [layers.layers.dense({units: 1, inputShape: [1]})]}));
   * const trainer = new Trainer(model, {loss: 'mse', seed: 3});
   * const {suggestion} = await trainer.findLearningRate([tf.tensor2d([[1], [2]]), tf.tensor2d([[2], [4]])], {steps: 30});
   * suggestion > 1e-7; // true
   */
  async findLearningRate(
    data: TrainingData,
    options: FindLearningRateOptions = {},
  ): Promise<LearningRateCurve> {
    const {core} = this;
    if (this.preparing || this.running !== undefined) {
      throw new ConfigurationError('findLearningRate cannot run during fit.', {
        hint: 'Call it before.',
        code: 'configuration/busy',
      });
    }
    this.preparing = true;
    try {
      const {batchSize = BATCH_SIZE} = options;
      const sourceOptions = {batchSize, shuffle: true, ports: core.ports, what: 'training data'};
      await checkArrayData(data, core, sourceOptions);
      return await findLearningRate(core, createSource(data, sourceOptions), options);
    } finally {
      this.preparing = false;
    }
  }

  /** Forgets the optimizers' progress. The models stay the caller's. */
  dispose(): void {
    if (this.preparing) {
      throw new ConfigurationError('dispose cannot run during fit.', {
        hint: 'Await the end of fit, or abort it, first.',
        code: 'configuration/busy',
      });
    }
    for (const {optimizer} of this.core.phases) optimizer.dispose();
    this.core.scores.dispose();
  }

  private async prepare(data: TrainingData, options: FitOptions): Promise<TrainingRun> {
    const {core} = this;
    const {ports, hooks} = core;
    const {
      batchSize = BATCH_SIZE,
      shuffle = true,
      sampleWeight,
      validation,
      validationSplit,
      classWeight,
      signal,
    } = options;
    const sourceOptions: SourceOptions = {batchSize, shuffle, ports, sampleWeight, what: 'training data'};
    const validationOptions = {batchSize, shuffle: false, ports, what: 'validation data'};
    let training: TrainingData = data;
    let validationData: TrainingData | undefined = validation;
    const targetsChecked = await checkArrayData(data, core, sourceOptions);
    if (validationSplit !== undefined) {
      const split = splitForValidation(data, validationSplit, sourceOptions);
      training = split.training;
      validationData = split.validation;
    }
    for (const {graph} of core.graphs) {
      if (ModelGraph.of(graph.model) !== graph) {
        throw new ConfigurationError(
          `Model '${graph.model.name}' got new layers after the trainer was made.`,
          {
            hint: 'Make a new Trainer for it.',
          },
        );
      }
    }
    if (validationData !== undefined) {
      void core.evaluation; // says now if there is nothing to evaluate by
      if (Array.isArray(validationData))
        await checkArrayData(validationData as TrainingData, core, validationOptions);
    }
    const source = createSource(
      training,
      training === data ? sourceOptions : {...sourceOptions, sampleWeight: undefined},
    );
    if (
      source.batchesPerPass === Infinity &&
      options.stepsPerEpoch === undefined &&
      options.maxSteps === undefined
    ) {
      throw new ConfigurationError('The training data has no end.', {
        hint: 'Give stepsPerEpoch or maxSteps.',
      });
    }
    if (classWeight !== undefined && ports === undefined) {
      throw new ConfigurationError('classWeight goes with one model; this trainer has several.', {
        hint: 'Weigh the loss in trainStep.',
      });
    }
    const validationSource =
      validationData === undefined ? undefined : createSource(validationData, validationOptions);
    if (validationSource !== undefined) await checkFirstBatch(validationSource, core);
    return new TrainingRun({
      core,
      source,
      validation: validationSource,
      classWeights: classWeight === undefined ? undefined : new ClassWeights(classWeight, ports!.outputs),
      targetsChecked,
      options,
      resumeFrom: (await readCheckpoint(options.resumeFrom)) ?? (await restoreOffered(core, signal)),
    });

    async function restoreOffered(
      of: TrainerCore,
      abort: AbortSignal | undefined,
    ): Promise<Uint8Array | undefined> {
      const models = Object.fromEntries(of.graphs.map(({name, graph}) => [name, graph.model]));
      const optimizers = Object.fromEntries(of.phases.map(({name, optimizer}) => [name, optimizer]));
      for (const callback of hooks.callbacks) {
        const bytes = await callback.restore?.({models, optimizers, seed: of.seed, signal: abort});
        if (bytes !== undefined) return bytes;
      }
      return undefined;
    }
  }
}

/**
 * Looks at the first batch of validation data that can be read again: a mistake should not show after an epoch.
 *
 * @throws DataError or ShapeError
 */
async function checkFirstBatch(source: BatchSource, core: TrainerCore): Promise<void> {
  if (!source.rereadable) return;
  const pass = {source, ports: core.ports, seed: core.seed, what: 'validation data', steps: 1};
  await forEachBatch(pass, batch => checkTargets(batch, core.objective));
}

async function readCheckpoint(from: FitOptions['resumeFrom']): Promise<Uint8Array | undefined> {
  if (from === undefined || from instanceof Uint8Array) return from;
  if (!isRecord<unknown>(from) || typeof from.name !== 'string') {
    throw new ConfigurationError(`resumeFrom is ${typeof from}.`, {
      hint: "Give a checkpoint's bytes (Uint8Array), or {store, name}, for instance {store: new DirectoryStore('runs/a'), name: 'best'}.",
    });
  }
  const bytes = await from.store.read(from.name);
  if (bytes === undefined) {
    throw new CheckpointError(`There is no checkpoint '${from.name}'.`, {
      hint: `The store has: ${(await from.store.list()).join(', ') || 'nothing'}.`,
      code: 'checkpoint/missing',
    });
  }
  return bytes;
}
