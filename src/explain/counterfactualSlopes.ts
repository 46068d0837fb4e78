/** How a model's margins change with its inputs: by gradients, or where there are none by differences of scores. */
import * as tf from '@tensorflow/tfjs-core';
import {DataError, GlassboxError} from '../core';
import {releasingTape} from '../graph';
import {marginOf, marginsOf} from './counterfactualGoal';
import type {Goal} from './counterfactualGoal';
import type {Bounds} from './counterfactualSpace';
import {scoreInChunks} from './perturbation';
import type {Scoring} from './perturbation';
import {nextTurn} from './turns';

/** A row to look at. */
export interface Place {
  readonly row: Float32Array;
  readonly goal: Goal;
  readonly bounds: Bounds;
}

export interface Slope {
  readonly margin: number;
  readonly gradient: Float32Array;
}

/** The share of a feature's scale that differences look to either side. */
const STEP = 0.01;

/** See the head of this file. */
export class MarginSlopes {
  /** False once the model turned out to have no gradients. */
  hasGradients = true;

  constructor(
    private readonly scoring: Scoring,
    private readonly scale: Float64Array,
    private readonly isWhole: readonly boolean[],
  ) {}

  /** The scores of rows. */
  async scores(rows: readonly Float32Array[]): Promise<Float32Array[]> {
    const {data, outputs} = await scoreInChunks(
      this.scoring,
      rows.length,
      (first, size) => [stack(rows.slice(first, first + size))],
      false,
    );
    const wrong = data.findIndex(value => !Number.isFinite(value));
    if (wrong >= 0) throw notFinite(data[wrong]!);
    return rows.map((_, i) => data.slice(i * outputs, (i + 1) * outputs));
  }

  /** The margins of rows, and how they change with each feature. */
  async slopes(places: readonly Place[]): Promise<Slope[]> {
    const {batchSize, signal} = this.scoring;
    const found: Slope[] = [];
    for (let first = 0; first < places.length && this.hasGradients; first += batchSize) {
      await nextTurn(signal);
      try {
        found.push(...(await this.gradients(places.slice(first, first + batchSize))));
      } catch (error) {
        if (!isWithoutGradients(error)) throw error;
        this.hasGradients = false;
      }
    }
    return this.hasGradients ? found : this.differences(places);
  }

  private async gradients(places: readonly Place[]): Promise<Slope[]> {
    const {model, count} = this.scoring;
    const goals = places.map(({goal}) => goal);
    const {value, grad} = tf.tidy(() => {
      const rows = stack(places.map(({row}) => row));
      return releasingTape(() => tf.valueAndGrad(x => marginsOf(goals, model.score([x])))(rows));
    });
    try {
      count(places.length, places.length);
      const [margins, slopes] = await Promise.all([value.data(), grad.data()]);
      const width = this.scale.length;
      return places.map((_, i) => {
        const margin = margins[i]!;
        if (!Number.isFinite(margin)) throw notFinite(margin);
        return {margin, gradient: Float32Array.from(slopes.slice(i * width, (i + 1) * width))};
      });
    } finally {
      tf.dispose([value, grad]);
    }
  }

  private async differences(places: readonly Place[]): Promise<Slope[]> {
    const {scale, isWhole} = this;
    const own = await this.scores(places.map(({row}) => row));
    const slopes = places.map(({goal}, i) => ({
      margin: marginOf(goal, own[i]!),
      gradient: new Float32Array(scale.length),
    }));
    const moved = (at: number, column: number, side: number): Float32Array => {
      const {row, bounds} = places[at]!;
      const to = row.slice();
      const step = isWhole[column] ? 1 : STEP * scale[column]!;
      to[column] = Math.min(bounds.high[column]!, Math.max(bounds.low[column]!, row[column]! + side * step));
      return to;
    };
    const looks = places.flatMap(({bounds: {low, high}}, at) =>
      [...scale.keys()].filter(column => low[column]! < high[column]!).map(column => [at, column] as const),
    );
    const {data, outputs} = await scoreInChunks(
      this.scoring,
      2 * looks.length,
      (first, size) => [
        stack(
          Array.from({length: size}, (_, i) => {
            const [at, column] = looks[(first + i) >> 1]!;
            return moved(at, column, (first + i) % 2 === 0 ? -1 : 1);
          }),
        ),
      ],
      false,
    );
    looks.forEach(([at, column], i) => {
      const [below, above] = [2 * i, 2 * i + 1].map(look =>
        marginOf(places[at]!.goal, data.subarray(look * outputs, (look + 1) * outputs)),
      ) as [number, number];
      const step = moved(at, column, 1)[column]! - moved(at, column, -1)[column]!;
      const slope = step > 0 ? (above - below) / step : 0;
      slopes[at]!.gradient[column] = Number.isFinite(slope) ? slope : 0;
    });
    return slopes;
  }
}

function stack(rows: readonly Float32Array[]): tf.Tensor2D {
  const width = rows[0]!.length;
  const data = new Float32Array(rows.length * width);
  rows.forEach((row, i) => data.set(row, i * width));
  return tf.tensor2d(data, [rows.length, width]);
}

function isWithoutGradients(error: unknown): boolean {
  if (error instanceof GlassboxError) return error.code === 'configuration/async';
  return error instanceof Error && /cannot compute gradient|gradient.*not found/i.test(error.message);
}

function notFinite(value: number): DataError {
  return new DataError(`The model scores ${value} on the way to a counterfactual.`, {
    hint: 'Give ranges in which the model knows what to say.',
    code: 'data/not-finite',
  });
}
