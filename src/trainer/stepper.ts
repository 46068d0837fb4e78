/**
 * The heart of training: batches in, optimizer updates out. Holds what a run keeps on the device between batches —
 * open windows, running means, metrics — and knows nothing of epochs, data or files.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {ConfigurationError} from '../core';
import type {StateTree} from '../core';
import {applyStatistics} from '../graph';
import type {StatisticsUpdate} from '../graph';
import type {WeightUpdate} from '../optimizers';
import type {PreparedBatch} from './batches';
import type {
  GradientsContext,
  LazyLogs,
  Logs,
  MicroBatchContext,
  OptimizerStepContext,
  TrainContext,
} from './callback';
import {clipGradients} from './clipping';
import type {Clipping} from './clipping';
import {computeGradients} from './gradients';
import type {Hooks} from './hooks';
import type {Objective} from './objective';
import {SINGLE, allParameters} from './phases';
import type {NamedGraph, Phase, TrainedParameter} from './phases';
import {addPenalty, penaltyOf} from './penalty';
import {RunningMean} from './runningMean';
import type {Scores} from './scores';
import {GradientWindow} from './window';

export interface StepperSetup {
  readonly graphs: readonly NamedGraph[];
  readonly phases: readonly Phase[];
  readonly objective: Objective | undefined;
  readonly scores: Scores;
  readonly hooks: Hooks;
  readonly clipping: Clipping;
  /** Called when a window led to an update, before any hook hears of it. */
  readonly onUpdate: () => void;
  /** What each phase moves, in the order of `phases`. */
  readonly trained: readonly (readonly TrainedParameter[])[];
  /** Makes a hook's context out of what it sees beyond the run's. */
  readonly view: <Extra extends object>(extra: Extra) => TrainContext & Extra;
}

interface PhaseState {
  readonly phase: Phase;
  readonly trained: readonly TrainedParameter[];
  readonly byKey: ReadonlyMap<string, TrainedParameter>;
  readonly window: GradientWindow;
  readonly losses: RunningMean[];
  readonly penalty: RunningMean;
  /** Whether any regularizer acts on the phase's models. */
  readonly regularized: boolean;
  /** The statistics as they were when the window opened: a skipped window must not count for them either. */
  statisticsBefore: Map<string, Tensor>;
}

/** Where a batch stands in its run. */
export interface BatchPlace {
  /** Batches trained before, in the whole run: what layer randomness is keyed by. */
  readonly index: number;
  /** Whether it is the epoch's last. */
  readonly last: boolean;
  readonly seed: number;
}

export class Stepper {
  private readonly states: readonly PhaseState[];
  private readonly stepLogs = new Map<string, RunningMean>();
  private readonly keys: ReadonlyMap<tf.Variable, string>;
  /** Counts resets: logs of an epoch that is over cannot be read. */
  private epoch = 0;

  constructor(private readonly setup: StepperSetup) {
    this.keys = new Map(allParameters(setup.graphs).map(({key, variable}) => [variable, key]));
    this.states = setup.phases.map((phase, i) => {
      const trained = setup.trained[i]!;
      const terms = phase.trainStep === undefined ? setup.objective!.terms.length : 1;
      return {
        phase,
        trained,
        byKey: new Map(trained.map(entry => [entry.parameter.key, entry])),
        window: new GradientWindow(),
        losses: Array.from({length: terms}, () => new RunningMean()),
        penalty: new RunningMean(),
        regularized: tf.tidy(() => penaltyOf(phase) !== null),
        statisticsBefore: new Map(),
      };
    });
  }

  /** Trains on one batch, which stays the caller's. */
  async trainBatch(batch: PreparedBatch, {index, last, seed}: BatchPlace): Promise<void> {
    const {graphs, objective, hooks} = this.setup;
    const onUpdate = this.oncePerWindow();
    let closing = true;
    for (const [i, state] of this.states.entries()) {
      const {terms, losses, logs, outputs, masks, statistics} = computeGradients({
        phase: state.phase,
        graphs,
        trained: state.trained,
        objective,
        batch,
        randomness: {seed, step: index},
        reserved: this.reserved,
        needsOutputs: !this.setup.scores.empty,
        accumulating: hooks.has('onMicroBatchEnd'),
      });
      state.window.add(terms);
      losses.forEach(({sum, count}, term) => state.losses[term]!.add(sum, count));
      for (const [name, value] of Object.entries(logs)) this.logOf(name).add(value, 1);
      try {
        if (hooks.has('onGradients')) this.noteStatistics(state, statistics);
        applyStatistics(statistics);
        if (!this.setup.scores.empty) this.setup.scores.update(outputs, masks, batch.ys, batch.sampleWeights);
      } finally {
        tf.dispose([outputs, masks.filter(mask => mask !== null), statistics.map(({value}) => value)]);
      }
      if (i === 0) closing = await this.windowCloses(last);
      if (closing) await this.closeWindow(state, onUpdate);
    }
  }

  /** Closes windows that are still open, as at the end of an epoch. */
  async flush(): Promise<void> {
    const onUpdate = this.oncePerWindow();
    for (const state of this.states) {
      if (state.window.size > 0) await this.closeWindow(state, onUpdate);
    }
  }

  /** The running means since the last `reset`: `loss`, then outputs and metrics. */
  logs(): LazyLogs {
    const {epoch} = this;
    return {
      read: () => {
        if (epoch === this.epoch) return this.readLogs();
        throw new ConfigurationError('These logs are of an epoch that is over.', {
          hint: 'Read them in the hook that gave them.',
        });
      },
    };
  }

  /** Begins an epoch's means anew. Windows stay as they are. */
  reset(): void {
    this.epoch++;
    for (const {losses, penalty} of this.states) [...losses, penalty].forEach(mean => mean.reset());
    for (const mean of this.stepLogs.values()) mean.reset();
    this.stepLogs.clear();
    this.setup.scores.reset();
  }

  dispose(): void {
    this.reset();
    for (const state of this.states) {
      state.window.dispose();
      forgetStatistics(state);
    }
    this.setup.scores.dispose();
  }

  getState(): StateTree {
    return {
      phases: this.states.map(({window, losses, penalty, statisticsBefore}) => ({
        window: window.getState(),
        statisticsBefore: Object.fromEntries(statisticsBefore),
        losses: losses.map(mean => mean.getState()),
        penalty: penalty.getState(),
      })),
      stepLogs: Object.fromEntries([...this.stepLogs].map(([name, mean]) => [name, mean.getState()])),
      scores: this.setup.scores.getState(),
    };
  }

  setState(state: StateTree): void {
    const {phases, stepLogs, scores} = state as {
      phases: {
        window: StateTree;
        statisticsBefore: Record<string, Tensor>;
        losses: StateTree[];
        penalty: StateTree;
      }[];
      stepLogs: Record<string, StateTree>;
      scores: StateTree;
    };
    this.states.forEach((state, i) => {
      const {window, losses, penalty} = state;
      const saved = phases[i];
      if (saved === undefined) return;
      window.setState(saved.window);
      forgetStatistics(state);
      for (const [key, value] of Object.entries(saved.statisticsBefore)) {
        state.statisticsBefore.set(key, tf.keep(value.clone()));
      }
      losses.forEach((mean, term) => mean.setState(saved.losses[term]));
      penalty.setState(saved.penalty);
    });
    for (const [name, mean] of Object.entries(stepLogs)) this.logOf(name).setState(mean);
    this.setup.scores.setState(scores);
  }

  /** Names that a step's own logs may not take. */
  private get reserved(): readonly string[] {
    return ['loss', ...this.setup.phases.map(({name}) => `${name}_loss`), ...this.setup.scores.names()];
  }

  private async readLogs(): Promise<Logs> {
    const {objective, scores} = this.setup;
    // All that lives on the device is copied now, before the next batch changes it; waiting comes after.
    const phases = this.states.map(({phase, losses, penalty}) => ({
      phase,
      losses: losses.map(mean => mean.read()),
      penalty: penalty.read(),
    }));
    const stepLogs = [...this.stepLogs].map(([name, mean]) => ({name, read: mean.read()}));
    const metrics = scores.read();

    const logs: Logs = {loss: 0};
    for (const {phase, losses, penalty} of phases) {
      const means = await Promise.all(losses.map(read => read()));
      const terms = phase.trainStep === undefined ? objective!.terms : undefined;
      const total =
        means.reduce((sum, mean, i) => sum + mean * (terms?.[i]?.weight ?? 1), 0) + (await penalty());
      logs['loss'] = logs['loss']! + total;
      if (phase.name !== SINGLE) logs[`${phase.name}_loss`] = total;
      else if (terms !== undefined) objective!.logNames().forEach((name, i) => (logs[name] = means[i]!));
    }
    for (const {name, read} of stepLogs) logs[name] = await read();
    return Object.assign(logs, await metrics);
  }

  private logOf(name: string): RunningMean {
    let mean = this.stepLogs.get(name);
    if (mean === undefined) this.stepLogs.set(name, (mean = new RunningMean()));
    return mean;
  }

  private async windowCloses(last: boolean): Promise<boolean> {
    const {hooks, view} = this.setup;
    if (!hooks.has('onMicroBatchEnd')) return true;
    let keptOpen = false;
    let closed = false;
    const closing = (): boolean => last || closed || !keptOpen;
    const window: MicroBatchContext['window'] = {
      size: this.states[0]!.window.size,
      last,
      get closing() {
        return closing();
      },
      keepOpen: () => void (keptOpen = true),
      close: () => void (closed = true),
    };
    await hooks.call('onMicroBatchEnd', () => view({window}));
    return closing();
  }

  /** Counts the updates of all phases on one window as one. */
  private oncePerWindow(): () => void {
    let counted = false;
    return () => {
      if (!counted) this.setup.onUpdate();
      counted = true;
    };
  }

  /** One optimizer update from the window's averaged gradients, unless a callback skips it. */
  private async closeWindow(state: PhaseState, onUpdate: () => void): Promise<void> {
    const {hooks, view} = this.setup;
    const {phase, trained, byKey, window, regularized, penalty} = state;
    const gradients = window.take();
    try {
      if (regularized) addPenalty(phase, trained, gradients, penalty);
      let skipped = false;
      const context = (): GradientsContext =>
        view({
          optimizerName: phase.name,
          gradients,
          replace: (key: string, gradient: Tensor): void => {
            const old = gradients.get(key);
            if (old !== gradient) old?.dispose();
            gradients.set(key, tf.keep(gradient));
          },
          skip: () => void (skipped = true),
        });
      await hooks.call('onGradients', context);
      if (skipped) {
        for (const {key, variable} of allParameters(this.setup.graphs)) {
          const before = state.statisticsBefore.get(key);
          if (before !== undefined) variable.assign(before);
        }
        return;
      }
      clipGradients(gradients, this.setup.clipping);
      const learningRate = phase.optimizer.currentLearningRate();
      phase.optimizer.step(
        [...gradients].map(([key, gradient]) =>
          toUpdate(byKey.get(key)!, gradient, phase.optimizer.iterations),
        ),
      );
      for (const {parameter} of trained) parameter.applyConstraint?.();
      onUpdate();
      await hooks.call('onOptimizerStep', (): OptimizerStepContext =>
        view({optimizerName: phase.name, learningRate}),
      );
    } finally {
      tf.dispose([...gradients.values()]);
      forgetStatistics(state);
    }
  }

  /** Keeps the statistics that `updates` will move as they are, for a window that may yet be skipped. */
  private noteStatistics({statisticsBefore}: PhaseState, updates: readonly StatisticsUpdate[]): void {
    for (const {variable} of updates) {
      const key = this.keys.get(variable);
      if (key === undefined || statisticsBefore.has(key)) continue;
      // A clone shares the data until the variable is assigned another: nothing is copied here.
      statisticsBefore.set(key, tf.keep(variable.clone()));
    }
  }
}

function forgetStatistics({statisticsBefore}: PhaseState): void {
  tf.dispose([...statisticsBefore.values()]);
  statisticsBefore.clear();
}

function toUpdate({parameter, group}: TrainedParameter, gradient: Tensor, iterations: number): WeightUpdate {
  const {key, name, variable} = parameter;
  const rate = group?.learningRate;
  return {
    key,
    name,
    variable,
    gradient,
    ...(rate === undefined ? {} : {learningRate: typeof rate === 'number' ? rate : rate(iterations)}),
    ...(group?.learningRateMultiplier === undefined
      ? {}
      : {learningRateMultiplier: group.learningRateMultiplier}),
    ...(group?.weightDecay === undefined ? {} : {weightDecay: group.weightDecay}),
  };
}
