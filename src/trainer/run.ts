/**
 * One call of `fit`: epochs, data, validation, hooks, checkpoints. The numbers are made in stepper.ts.
 */
import {decodeState, disposeState, encodeState} from '../checkpoint';
import {CheckpointError, ConfigurationError, DataError, Yielder} from '../core';
import {disposeBatch, prepareBatch} from './batches';
import type {PreparedBatch} from './batches';
import type {InferenceContext, Logs, StopReason, TrainContext} from './callback';
import {checkFinite, checkTargets} from './checkData';
import type {ClassWeights} from './classWeights';
import {RunContext, extend} from './context';
import type {RunBehind} from './context';
import {DataFeed} from './feed';
import {evaluatePass, forEachBatch, freshEvaluation} from './inference';
import type {FitOptions, FitResult} from './options';
import {allParameters, freezeGroups, trainedParameters} from './phases';
import {captureRecord, checkRecord, restoreRecord} from './record';
import type {Progress, RecordParts} from './record';
import {emptyError} from './source';
import type {BatchSource, DataPosition} from './source';
import {StatisticsRefresh} from './statistics';
import {Stepper} from './stepper';
import type {TrainerCore} from './trainerCore';

/** Batches that BatchNorm's statistics are recomputed from where the data has no end. */
const ENDLESS_REFRESH = 100;

export interface RunSetup {
  readonly core: TrainerCore;
  readonly source: BatchSource;
  readonly validation: BatchSource | undefined;
  readonly classWeights: ClassWeights | undefined;
  /** Whether all targets were checked beforehand. */
  readonly targetsChecked: boolean;
  readonly options: FitOptions;
  readonly resumeFrom: Uint8Array | undefined;
}

export class TrainingRun implements RunBehind {
  readonly models: RunBehind['models'];
  readonly optimizers: RunBehind['optimizers'];
  readonly parameters: RunBehind['parameters'];
  readonly epochs: number;
  readonly signal: AbortSignal | undefined;
  readonly resumed: boolean;
  seed: number;
  progress: Progress;

  private readonly context: TrainContext = new RunContext(this);
  private readonly stepper: Stepper;
  private readonly unfreeze: () => void;
  private readonly yielder = new Yielder();
  private readonly feed: DataFeed;
  /** Whether callbacks were told that training begins. */
  private begun = false;
  /** What keeps a checkpoint from being taken now, in words; undefined between batches. */
  private busy: string | undefined;
  /** This epoch's numbers once they are in the history, for hooks that still add to them. */
  private epochLogs: Logs | undefined;

  /**
   * Checks everything, then puts a checkpoint in place if there is one. What throws here has changed nothing.
   */
  constructor(private readonly setup: RunSetup) {
    const {core, options, resumeFrom, source} = setup;
    const {graphs, phases, objective, scores, hooks, options: trainerOptions} = core;
    const groups = trainerOptions.parameterGroups ?? [];
    this.models = Object.fromEntries(graphs.map(({name, graph}) => [name, graph.model]));
    this.optimizers = Object.fromEntries(phases.map(({name, optimizer}) => [name, optimizer]));
    this.parameters = allParameters(graphs);
    this.epochs = options.epochs ?? (options.maxSteps === undefined ? 1 : Infinity);
    this.signal = options.signal;
    this.resumed = resumeFrom !== undefined;
    this.seed = core.seed;
    const epoch = options.initialEpoch ?? 0;
    this.progress = {
      epoch,
      batch: 0,
      batches: 0,
      steps: 0,
      stopReason: undefined,
      history: {},
      pendingLogs: {},
    };
    this.feed = new DataFeed(source, epoch, {
      runsOn: options.stepsPerEpoch !== undefined,
      signal: this.signal,
    });
    this.unfreeze = freezeGroups(graphs, groups);
    let stepper: Stepper | undefined;
    try {
      stepper = new Stepper({
        graphs,
        phases,
        objective,
        scores,
        hooks,
        clipping: trainerOptions,
        trained: phases.map(phase => trainedParameters(phase, graphs, groups)),
        view: extra => extend(this.context, extra),
        onUpdate: () => void this.progress.steps++,
      });
      this.stepper = stepper;
      if (resumeFrom !== undefined) this.restore(resumeFrom, source);
    } catch (error) {
      stepper?.dispose();
      this.unfreeze();
      throw error;
    }
  }

  get batchesPerEpoch(): number | undefined {
    const size = this.setup.options.stepsPerEpoch ?? this.setup.source.batchesPerPass;
    return size === Infinity ? undefined : size;
  }

  get validationFrequency(): number | undefined {
    if (this.setup.validation === undefined) return undefined;
    const {validationFrequency = 1} = this.setup.options;
    if (typeof validationFrequency === 'number') return validationFrequency;
    return validationFrequency.includes(this.progress.epoch + 1) ? 1 : Infinity;
  }

  /** Trains to the end. Whatever happens, hooks of the end run and nothing stays on the device but the weights. */
  async execute(): Promise<FitResult> {
    const {hooks} = this.setup.core;
    let failed: {error: unknown} | undefined;
    try {
      this.signal?.throwIfAborted();
      this.begun = true;
      await hooks.call('onTrainBegin', () => this.context);
      await this.sanityCheck();
      while (!this.finished) await this.runEpoch();
      this.progress.stopReason ??= 'completed';
    } catch (error) {
      failed = {error};
      const aborted = this.signal?.aborted === true && error === this.signal.reason;
      this.progress.stopReason = aborted ? 'aborted' : 'error';
    }
    failed = await this.end(failed);
    if (failed !== undefined) throw failed.error;
    const {history, epoch, steps, stopReason} = this.progress;
    return {history, epochs: epoch, steps, stopReason: stopReason};
  }

  stop(reason: StopReason): void {
    this.progress.stopReason ??= reason;
  }

  log(name: string, value: number): void {
    if (this.epochLogs === undefined) {
      this.progress.pendingLogs[name] = value;
    } else {
      this.record({[name]: value});
    }
  }

  async checkpoint(): Promise<Uint8Array> {
    if (this.busy !== undefined) {
      throw new ConfigurationError(`A checkpoint cannot be taken ${this.busy}.`, {
        hint: 'Take it in onTrainBatchEnd or onEpochEnd.',
        code: 'configuration/checkpoint-time',
      });
    }
    const {progress, position} = this.place();
    const data = {position, layout: this.setup.source.layout};
    const bytes = await encodeState(
      captureRecord(this.parts, {progress, data, seed: this.seed, numbers: this.numbers}),
    );
    await this.setup.core.hooks.call('onCheckpoint', () => extend(this.context, {bytes}));
    return bytes;
  }

  async refreshStatistics({batches = Infinity}: {batches?: number} = {}): Promise<void> {
    const {core, source} = this.setup;
    // Data for several models goes to no model in particular.
    if (!source.rereadable || core.ports === undefined) return;
    for (const {graph} of core.graphs) {
      if (!graph.hasBatchNormalization) continue;
      const refresh = new StatisticsRefresh(graph, this.seed);
      try {
        const endless = source.batchesPerPass === Infinity ? ENDLESS_REFRESH : Infinity;
        const steps = Math.min(batches, this.batchesPerEpoch ?? endless);
        await forEachBatch(
          {source, ports: core.ports, seed: this.seed, what: 'training data', steps, signal: this.signal},
          batch => refresh.add(batch),
        );
        refresh.apply();
      } finally {
        refresh.dispose();
      }
    }
  }

  private get parts(): RecordParts {
    return {
      parameters: this.parameters,
      phases: this.setup.core.phases,
      callbacks: this.setup.core.hooks.callbacks,
      stepper: this.stepper,
    };
  }

  private get finished(): boolean {
    const {stopReason, epoch, steps} = this.progress;
    return (
      stopReason !== undefined || epoch >= this.epochs || steps >= (this.setup.options.maxSteps ?? Infinity)
    );
  }

  private async runEpoch(): Promise<void> {
    const {hooks} = this.setup.core;
    const {progress} = this;
    if (progress.batch === 0) {
      this.stepper.reset();
      progress.pendingLogs = {};
      this.busy = 'while an epoch begins';
      await hooks.call('onEpochBegin', () => this.context);
      this.busy = undefined;
      // An epoch without a batch has no numbers.
      if (this.finished) return;
    }
    await this.runBatches();
    this.busy = 'while an epoch ends';
    await this.stepper.flush();
    const logs = await this.stepper.logs().read();
    if (this.validates()) {
      for (const [name, value] of Object.entries(await this.validate())) logs[`val_${name}`] = value;
    }
    this.busy = undefined;
    this.epochLogs = {};
    this.record({...logs, ...progress.pendingLogs});
    const finalLogs = this.epochLogs;
    await hooks.call('onEpochEnd', () => extend(this.context, {logs: finalLogs}));
    this.epochLogs = undefined;
    await this.feed.endEpoch(progress.epoch + 1);
    Object.assign(progress, {epoch: progress.epoch + 1, batch: 0, pendingLogs: {}});
  }

  private async runBatches(): Promise<void> {
    const {maxSteps = Infinity, stepsPerEpoch = Infinity} = this.setup.options;
    const {progress, feed} = this;
    while (progress.batch < stepsPerEpoch && progress.steps < maxSteps && progress.stopReason === undefined) {
      const element = await feed.next(this.seed);
      if (element === undefined) {
        if (progress.batch === 0) throw this.outOfData();
        if (stepsPerEpoch !== Infinity) this.stop('outOfData');
        return;
      }
      // Asked before training: a hook may take its time, and the answer is about this batch.
      const {ended} = feed;
      await this.trainOn(element, progress.batch + 1 >= stepsPerEpoch || ended);
      if (ended) return;
    }
  }

  private async trainOn(element: unknown, lastOfEpoch: boolean): Promise<void> {
    const {core, classWeights, targetsChecked} = this.setup;
    const {hooks, objective, ports} = core;
    const {progress} = this;
    this.busy = 'in the middle of a batch';
    let batch: PreparedBatch | undefined;
    try {
      batch = prepareBatch(element, ports);
      if (!targetsChecked) await checkTargets(batch, objective);
      if (core.options.checkData === true) await checkFinite(batch, ports);
      if (classWeights !== undefined) batch = classWeights.apply(batch, ports!.outputs);
      progress.batch++;
      await hooks.call('onTrainBatchBegin', () => this.context);
      const place = {index: progress.batches, last: lastOfEpoch, seed: this.seed};
      await this.stepper.trainBatch(batch, place);
    } finally {
      if (batch !== undefined) disposeBatch(batch);
    }
    progress.batches++;
    this.busy = undefined;
    await hooks.call('onTrainBatchEnd', () => extend(this.context, {logs: this.stepper.logs()}));
    this.signal?.throwIfAborted();
    await this.yielder.rest();
  }

  private outOfData(): DataError {
    if (this.setup.source.repeatable || this.progress.batches === 0) return emptyError('training data');
    return new DataError('The training data ended and can be read only once.', {
      hint: 'Give Dataset.fromIterable(() => …, {batched: true}), which starts anew every epoch, or stepsPerEpoch.',
      code: 'data/exhausted',
    });
  }

  private validates(): boolean {
    const frequency = this.validationFrequency;
    return frequency !== undefined && (this.progress.epoch + 1) % frequency === 0;
  }

  private async validate(steps = this.setup.options.validationSteps): Promise<Logs> {
    const {core, validation} = this.setup;
    const {hooks} = core;
    await hooks.call('onValidationBegin', () => this.context);
    const source = validation!;
    const inference = (batch: number): InferenceContext => ({
      model: this.context.model,
      batch,
      batchesTotal: fewer(source.batchesPerPass, steps),
    });
    const logs = await evaluatePass(freshEvaluation(core), {
      source,
      ports: core.ports,
      seed: this.seed,
      what: 'validation data',
      steps,
      signal: this.signal,
      onBatchBegin: batch => hooks.call('onValidationBatchBegin', () => inference(batch)),
      onBatchEnd: batch => hooks.call('onValidationBatchEnd', () => inference(batch)),
    });
    await hooks.call('onValidationEnd', () => extend(this.context, {logs}));
    return logs;
  }

  private async sanityCheck(): Promise<void> {
    const {options, validation, core} = this.setup;
    const steps = options.sanityCheckSteps ?? 0;
    if (steps === 0 || validation === undefined || this.resumed) return;
    this.busy = 'during validation';
    const pass = {
      source: validation,
      ports: core.ports,
      seed: this.seed,
      what: 'validation data',
      steps,
      signal: this.signal,
    };
    await evaluatePass(freshEvaluation(core), pass);
    this.busy = undefined;
  }

  /** Enters numbers of the running epoch into the history, in place of what the epoch entered under a name before. */
  private record(logs: Logs): void {
    const {history} = this.progress;
    for (const [name, value] of Object.entries(logs)) {
      const values = (history[name] ??= []);
      if (this.epochLogs !== undefined && name in this.epochLogs) values[values.length - 1] = value;
      else values.push(value);
      this.epochLogs![name] = value;
    }
  }

  /** An epoch that has ended is continued at the next one's beginning. */
  private place(): {progress: Progress; position: DataPosition} {
    const {progress, feed} = this;
    if (this.epochLogs === undefined) return {progress, position: feed.position};
    const epoch = progress.epoch + 1;
    return {progress: {...progress, epoch, batch: 0, pendingLogs: {}}, position: feed.positionOf(epoch)};
  }

  private restore(bytes: Uint8Array, source: BatchSource): void {
    const tree = decodeState(bytes);
    try {
      const state = checkRecord(tree, this.parameters, this.setup.core.phases);
      const {position, layout} = state.data;
      const inEpoch = state.progress.batch > 0;
      if (inEpoch && layout !== source.layout) {
        throw new CheckpointError(
          `The checkpoint is from the middle of an epoch of batches ${layout}, the data has ${source.layout} (batch size × batches).`,
          {hint: 'Resume with the same data and batch size.', code: 'checkpoint/data-layout'},
        );
      }
      if (inEpoch && state.numbers !== this.numbers) {
        throw new CheckpointError(
          `The checkpoint is from the middle of an epoch with ${state.numbers}, the trainer has ${this.numbers}.`,
          {hint: 'Resume with the same losses, metrics and stepsPerEpoch.', code: 'checkpoint/numbers'},
        );
      }
      source.checkResumable(position);
      this.progress = restoreRecord(state, this.parts);
      this.feed.restore(position);
      this.seed = state.seed;
    } finally {
      disposeState(tree);
    }
  }

  /** What an epoch's numbers are made of: a checkpoint from the middle of one must agree. */
  private get numbers(): string {
    const {objective, scores, phases} = this.setup.core;
    const losses = objective?.terms.map(({loss}) => loss.name) ?? phases.map(({name}) => name);
    return `losses ${losses.join(', ')}; metrics ${scores.names().join(', ') || 'none'}; ${this.setup.options.stepsPerEpoch ?? 'all'} steps an epoch`;
  }

  /** Runs the last hooks and gives everything back; resolves with the first thing that went wrong. */
  private async end(failed: {error: unknown} | undefined): Promise<{error: unknown} | undefined> {
    const {hooks, phases} = this.setup.core;
    let first = failed;
    const attempt = async (action: () => Promise<void> | void): Promise<void> => {
      try {
        await action();
      } catch (error) {
        first ??= {error};
      }
    };
    if (failed !== undefined && this.progress.stopReason === 'error') {
      await attempt(() => hooks.callAll('onException', () => extend(this.context, {error: failed.error})));
    }
    if (this.begun) await attempt(() => hooks.callAll('onTrainEnd', () => this.context));
    await attempt(() => this.feed.close());
    this.stepper.dispose();
    this.unfreeze();
    for (const {optimizer} of phases) await attempt(() => optimizer.offload());
    return first;
  }
}

function fewer(size: number | undefined, steps: number | undefined): number | undefined {
  return steps === undefined ? size : Math.min(size ?? steps, steps);
}
