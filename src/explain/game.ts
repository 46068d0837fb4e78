/** Games: the value of a coalition is what the model scores when only its features are there. */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor, Tensor2D} from '@tensorflow/tfjs-core';
import {DataError} from '../core';
import {checkRows} from './explainer';
import {complements, logOdds} from './link';
import type {Link} from './link';
import type {MaskedExample} from './featureMasker';
import type {ScoredModel} from './model';
import type {Partition} from './partitionTree';
import {nextTurn} from './turns';

export interface GameOptions {
  readonly model: ScoredModel;
  readonly masked: MaskedExample;
  /** Which of the model's outputs are played for. */
  readonly outputs: number;
  /** Only this one of them, if given. */
  readonly target?: number | undefined;
  readonly link: Link;
  /** Rows that go through the model at a time. */
  readonly batchSize: number;
  readonly signal?: AbortSignal | undefined;
  readonly count: (forward: number) => void;
  readonly warn: (message: string) => void;
}

/** See the head of this file. */
export class Game {
  readonly players: number;
  /** How many scores a coalition has: one, or as many as the model. */
  readonly columns: number;
  /** As many coalitions go through the model at a time: more are best asked for in multiples of it. */
  readonly chunk: number;
  private readonly rows: number;

  constructor(private readonly options: GameOptions) {
    const {masked, batchSize, target, outputs} = options;
    this.players = masked.players;
    this.columns = target === undefined ? outputs : 1;
    this.rows = Math.min(batchSize, masked.rows);
    this.chunk = Math.max(1, Math.floor(batchSize / this.rows));
  }

  /** Notes what the reader should know. */
  warn(message: string): void {
    this.options.warn(message);
  }

  /** Which players belong together: as their masker knows, or else halved in order. */
  async partition(): Promise<Partition> {
    const given = await this.options.masked.partition?.();
    return given ?? Array.from({length: this.players}, (_, player) => player);
  }

  /**
   * @param coalitions ones and zeros, `players` for each coalition
   * @returns `[coalitions, columns]`
   * @throws the signal's reason, DataError for a score that is not finite.
   */
  async values(coalitions: Uint8Array): Promise<Float64Array> {
    const {players, columns, chunk, rows} = this;
    const {masked, signal, link, warn} = this.options;
    const all = coalitions.length / players;
    const means = this.looks().map(() => new Float64Array(all * columns));
    for (let at = 0; at < all; at += chunk) {
      const count = Math.min(chunk, all - at);
      const some = coalitions.subarray(at * players, (at + count) * players);
      for (let first = 0; first < masked.rows; first += rows) {
        await nextTurn(signal);
        const size = Math.min(rows, masked.rows - first);
        const found = await this.meanScores(some, count, first, size);
        found.forEach((values, look) =>
          values.forEach((value, i) => (means[look]![at * columns + i]! += (value * size) / masked.rows)),
        );
      }
    }
    const [values, others] = means as [Float64Array, Float64Array];
    const wrong = values.findIndex(value => !Number.isFinite(value));
    if (wrong >= 0) {
      throw new DataError(`The model scores ${values[wrong]} for an example with features hidden.`, {
        hint: 'Hide features behind values that the model knows: give another background or baseline.',
        code: 'data/not-finite',
      });
    }
    return link === 'identity' ? values : values.map((value, i) => logOdds(value, others[i]!, warn));
  }

  /** The values of nobody and of all. */
  async ends(): Promise<{none: Float64Array; all: Float64Array}> {
    const {players, columns} = this;
    const coalitions = new Uint8Array(2 * players).fill(1, players);
    const values = await this.values(coalitions);
    return {none: values.slice(0, columns), all: values.slice(columns)};
  }

  /** What is averaged: the scores, and for log-odds those of everything else. */
  private looks(): ((scores: Tensor2D) => Tensor2D)[] {
    const itself = (scores: Tensor2D): Tensor2D => scores;
    return this.options.link === 'identity' ? [itself] : [itself, complements];
  }

  /** `[count, columns]` for each look, over some rows of the background. */
  private async meanScores(
    coalitions: Uint8Array,
    count: number,
    first: number,
    rows: number,
  ): Promise<Float32Array[]> {
    const {masked, model, target} = this.options;
    const held: Tensor[] = [];
    try {
      const inputs = tf.tidy(() => masked.mask(coalitions, count, first, rows));
      held.push(...inputs);
      this.options.count(count * rows);
      const scores = await model.predict(inputs);
      held.push(scores);
      checkRows(scores, count * rows);
      const means = tf.tidy(() =>
        this.looks().map(look => {
          const looked = look(scores);
          const wanted = target === undefined ? looked : tf.slice(looked, [0, target], [count * rows, 1]);
          return rows === 1 ? wanted.clone() : tf.mean(tf.reshape(wanted, [count, rows, this.columns]), 1);
        }),
      );
      held.push(...means);
      return await Promise.all(means.map(async mean => Float32Array.from(await mean.data())));
    } finally {
      tf.dispose(held);
    }
  }
}
