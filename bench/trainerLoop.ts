/**
 * Training steps on demand, as a user of `Trainer` gets them: `fit` runs, and asks for its batches only as steps
 * are wanted. The time between a batch and the next demand is a step.
 */
import * as tf from '@tensorflow/tfjs-core';
import {Adam, Trainer, losses, withSeed} from 'glassbox';
import type {Batch} from 'glassbox';
import {multiHeadAttention} from './multiHeadAttention';
import {labels} from './workloads';
import type {Workload} from './workloads';

export interface LoopOptions {
  batch?: number;
  width?: number;
}

interface Demand {
  readonly steps: number;
  readonly done: (times: number[]) => void;
  readonly failed: (error: unknown) => void;
}

export class TrainerLoop {
  private readonly x: tf.Tensor;
  private readonly y: tf.Tensor;
  private readonly dispose: () => void;
  private demand: Demand | undefined;
  private wake: (() => void) | undefined;
  private closed = false;
  private readonly running: Promise<unknown>;

  constructor(workload: Workload, {batch = workload.batch, width = 1}: LoopOptions = {}) {
    this.x = workload.input(batch);
    this.y = labels(batch);
    const model = withSeed(1, () => workload.build(width, multiHeadAttention));
    this.dispose = () => void model.dispose();
    const trainer = new Trainer(model, {
      loss: new losses.SparseCategoricalCrossentropy({fromLogits: true}),
      optimizer: new Adam({learningRate: 1e-3}),
      seed: 1,
    });
    this.running = trainer.fit(this.batches()).catch((error: unknown) => {
      this.closed = true;
      this.demand?.failed(error);
    });
  }

  /** Trains `steps` steps and gives the milliseconds that each took. */
  async run(steps: number): Promise<number[]> {
    if (this.closed) throw new Error('The training is over.');
    return new Promise((done, failed) => {
      this.demand = {steps, done, failed};
      this.wake?.();
    });
  }

  async close(): Promise<void> {
    this.closed = true;
    this.wake?.();
    await this.running;
    this.dispose();
    tf.dispose([this.x, this.y]);
  }

  /** The trainer looks one batch ahead: what passes after a batch is given is the step on the one before. */
  private async *batches(): AsyncGenerator<Batch> {
    yield [this.x.clone(), this.y.clone()];
    while (await this.wanted()) {
      const {steps, done} = this.demand!;
      const times: number[] = [];
      while (times.length < steps) {
        const begun = performance.now();
        yield [this.x.clone(), this.y.clone()];
        times.push(performance.now() - begun);
      }
      this.demand = undefined;
      done(times);
    }
  }

  /** Waits for a demand; false once closed. */
  private async wanted(): Promise<boolean> {
    while (this.demand === undefined && !this.closed) await new Promise<void>(wake => (this.wake = wake));
    return !this.closed;
  }
}
