/**
 * One call of `fit`: epochs, data, validation, hooks, checkpoints. The numbers are made in stepper.ts.
 */
import {decodeState, disposeState, encodeState} from '../checkpoint';
import {CheckpointError, ConfigurationError, DataError} from '../core';
import {disposeBatch, prepareBatch} from './batches';
import type {ClassWeights, PreparedBatch} from './batches';
import type {InferenceContext, Logs, StopReason, TrainContext} from './callback';
import {checkFinite, checkTargets} from './checkData';
import {RunContext, extend} from './context';
import type {RunBehind} from './context';
import {evaluatePass, forEachBatch} from './inference';
import type {FitOptions, FitResult} from './options';
import {allParameters, freezeGroups, trainedParameters} from './phases';
import {captureRecord, checkRecord, restoreRecord} from './record';
import type {Progress, RecordParts, TrainerState} from './record';
import {emptyError} from './source';
import type {BatchCursor, BatchSource} from './source';
import {StatisticsRefresh} from './statistics';
import {Stepper} from './stepper';
import type {TrainerCore} from './trainerCore';
import {Yielder} from './yielding';

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
  private cursor: BatchCursor | undefined;
  /** Where the data stands while no cursor is open. */
  private position: TrainerState['data']['position'] = {pass: 0, consumed: 0};
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
    this.position = {pass: epoch, consumed: 0};
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
    const {hooks, phases} = this.setup.core;
    let failed: {error: unknown} | undefined;
    try {
      this.signal?.throwIfAborted();
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
    await Promise.all(phases.map(({optimizer}) => optimizer.offload()));
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
        hint: 'Take it in onTrainBatchEnd, onEpochBegin or onEpochEnd.',
        code: 'configuration/checkpoint-time',
      });
    }
    const position = this.epochLogs === undefined ? this.place() : this.nextEpochPlace();
    const bytes = await encodeState(
      captureRecord(
        this.parts,
        position.progress,
        {position: position.data, layout: this.setup.source.layout},
        this.seed,
      ),
    );
    await this.setup.core.hooks.call('onCheckpoint', () => extend(this.context, {bytes}));
    return bytes;
  }

  async refreshStatistics({batches = Infinity}: {batches?: number} = {}): Promise<void> {
    const {core, source} = this.setup;
    if (!source.rereadable) return;
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
      } catch (error) {
        refresh.cancel();
        throw error;
      }
      refresh.finish();
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
      await hooks.call('onEpochBegin', () => this.context);
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
    Object.assign(progress, {epoch: progress.epoch + 1, batch: 0, pendingLogs: {}});
    if (this.setup.options.stepsPerEpoch === undefined)
      await this.closeCursor({pass: progress.epoch, consumed: 0});
  }

  private async runBatches(): Promise<void> {
    const {maxSteps = Infinity, stepsPerEpoch = Infinity} = this.setup.options;
    const {progress} = this;
    this.cursor ??= this.setup.source.open(this.position, this.seed);
    while (progress.batch < stepsPerEpoch && progress.steps < maxSteps && progress.stopReason === undefined) {
      const element = await this.nextElement();
      if (element === undefined) {
        if (progress.batch === 0) throw this.outOfData();
        if (stepsPerEpoch !== Infinity) this.stop('outOfData');
        return;
      }
      await this.trainOn(element, progress.batch + 1 >= stepsPerEpoch || this.cursor.exhausted);
      if (stepsPerEpoch === Infinity && this.cursor.exhausted) return;
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

  /** The next batch; with `stepsPerEpoch` the data starts again where it ends. */
  private async nextElement(): Promise<unknown> {
    const element = await this.cursor!.next();
    if (
      element !== undefined ||
      this.setup.options.stepsPerEpoch === undefined ||
      !this.setup.source.repeatable
    )
      return element;
    await this.closeCursor({pass: this.cursor!.position.pass + 1, consumed: 0});
    this.cursor = this.setup.source.open(this.position, this.seed);
    return this.cursor.next();
  }

  private outOfData(): DataError {
    if (this.setup.source.repeatable || this.progress.batches === 0) return emptyError('training data');
    return new DataError('The training data ended and can be read only once.', {
      hint: 'Give Dataset.fromIterable(() => …), which starts anew every epoch, or stepsPerEpoch.',
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
      batchesTotal: source.batchesPerPass,
    });
    const logs = await evaluatePass(core.evaluation, {
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
    await evaluatePass(core.evaluation, pass);
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

  private place(): {progress: Progress; data: TrainerState['data']['position']} {
    return {progress: this.progress, data: this.cursor?.position ?? this.position};
  }

  /** An epoch that has ended is continued at the next one's beginning. */
  private nextEpochPlace(): {progress: Progress; data: TrainerState['data']['position']} {
    const epoch = this.progress.epoch + 1;
    const data =
      this.setup.options.stepsPerEpoch === undefined ? {pass: epoch, consumed: 0} : this.place().data;
    return {progress: {...this.progress, epoch, batch: 0, pendingLogs: {}}, data};
  }

  private restore(bytes: Uint8Array, source: BatchSource): void {
    const tree = decodeState(bytes);
    try {
      const state = checkRecord(tree, this.parameters, this.setup.core.phases);
      const {position, layout} = state.data;
      if (position.consumed > 0 && layout !== source.layout) {
        throw new CheckpointError(
          `The checkpoint is from the middle of an epoch of batches ${state.data.layout}, the data has ${source.layout} (batch size × batches).`,
          {hint: 'Resume with the same data and batch size.', code: 'checkpoint/data-layout'},
        );
      }
      if (position.consumed > 0 || position.custom !== undefined)
        this.cursor = source.open(position, state.seed);
      this.progress = restoreRecord(state, this.parts);
      this.position = position;
      this.seed = state.seed;
    } finally {
      disposeState(tree);
    }
  }

  private async closeCursor(next: TrainerState['data']['position']): Promise<void> {
    const {cursor} = this;
    this.cursor = undefined;
    this.position = next;
    await cursor?.close();
  }

  /** Runs the last hooks and gives everything back; resolves with the first thing that went wrong. */
  private async end(failed: {error: unknown} | undefined): Promise<{error: unknown} | undefined> {
    const {hooks} = this.setup.core;
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
    await attempt(() => hooks.callAll('onTrainEnd', () => this.context));
    await attempt(() => this.closeCursor(this.position));
    this.stepper.dispose();
    this.unfreeze();
    return first;
  }
}
