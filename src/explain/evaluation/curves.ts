/** Deletion and insertion: does the score fall as what is said to matter goes, and rise as it comes? */
import * as tf from '@tensorflow/tfjs-core';
import {ShapeError} from '../../core';
import {baselinesFor} from '../baseline';
import type {Baseline} from '../baseline';
import {readValues} from '../explainer';
import type {Explanation, Values} from '../explanation';
import type {ExplainInput} from '../inputs';
import type {ExplainableModel} from '../model';
import {row} from '../values';
import {checkSameShape, measured, scoresOf} from './common';
import type {Measured, MeasureOptions} from './common';

/** How deletion and insertion go. */
export interface CurveOptions extends MeasureOptions {
  /** What stands where a feature is deleted; default 0. */
  baseline?: Baseline;
  /**
   * For each place of one example the segment that it belongs to, row by row: segments are deleted whole, the largest
   * sum of attributions first. Default: the explanation's segments or features; else pixels with their channels, steps where the
   * attributions are one for each, or each number.
   */
  segments?: ArrayLike<number>;
  /** At most so many points along the curve, beside the first. Default 50. */
  steps?: number;
}

/** Scores on the way. */
export interface PerturbationCurve {
  /** `[batch, steps + 1]`: the score after each step. */
  readonly scores: Values;
  /** `[batch]`: the area under the curve, from 0 (nothing changed) to 1 (everything). */
  readonly auc: Float32Array;
}

/** Both ways. */
export interface PerturbationCurves {
  /** From the example to the baseline: the lower its area, the better the explanation. */
  readonly deletion: PerturbationCurve;
  /** From the baseline to the example: the higher its area, the better. */
  readonly insertion: PerturbationCurve;
}

/**
 * The score while features are deleted, and while they are inserted into the baseline, from the largest attribution to
 * the smallest with its sign (Petsiuk, Das and Saenko 2018).
 *
 * @throws ShapeError for an explanation of other examples or segments that do not fit, ConfigurationError for options.
 *
 * @example
 * const score = (x: tf.Tensor) => tf.sum(tf.mul(x, [3, 1]), 1);
 * const x = tf.tensor2d([[1, 1]]);
 * const explanation = await new InputXGradient(score).explain(x);
 * const {deletion, insertion} = await perturbationCurves(score, x, explanation);
 * deletion.scores.data; // [4, 1, 0]
 * insertion.auc; // [2.5]
 */
export async function perturbationCurves(
  model: ExplainableModel,
  input: ExplainInput,
  explanation: Explanation,
  options: CurveOptions = {},
): Promise<PerturbationCurves> {
  const caller = 'perturbationCurves()';
  const own = ['baseline', 'segments', 'steps'];
  const work = await measured(caller, model, input, options, own, explanation);
  const bases = await readBaseline(work.input, options.baseline ?? 0);
  const {batch} = explanation;
  const orders = Array.from({length: batch}, (_, i) => orderOf(explanation, i, work, options.segments));
  const steps = Math.min(options.steps ?? 50, Math.max(...orders.map(({units}) => units)));
  const run = async (isInsertion: boolean): Promise<PerturbationCurve> => {
    const scores = await scoresOf(
      work,
      batch * (steps + 1),
      row => explanation.targets[Math.floor(row / (steps + 1))]!,
      (row, into) => {
        const example = Math.floor(row / (steps + 1));
        const {rank, units} = orders[example]!;
        const changed = Math.round(((row % (steps + 1)) * units) / steps);
        for (let i = 0; i < into.length; i++) {
          const takesBase = rank[i]! < changed !== isInsertion;
          into[i] = (takesBase ? bases.data : work.input.data)[example * work.size + i]!;
        }
      },
    );
    return curveOf(scores, batch, steps);
  };
  return {deletion: await run(false), insertion: await run(true)};
}

function curveOf(scores: Float64Array, batch: number, steps: number): PerturbationCurve {
  const auc = Float32Array.from({length: batch}, (_, example) => {
    const first = example * (steps + 1);
    let area = 0;
    for (let i = 0; i < steps; i++) area += (scores[first + i]! + scores[first + i + 1]!) / (2 * steps);
    return area;
  });
  return {scores: {data: Float32Array.from(scores), shape: [batch, steps + 1]}, auc};
}

/** At which place in the order each number of an example is changed. */
function orderOf(
  explanation: Explanation,
  example: number,
  work: Measured,
  given: ArrayLike<number> | undefined,
): {rank: Int32Array; units: number} {
  const {data} = explanation.attributions[0]!;
  const per = data.length / explanation.batch;
  const {size, input} = work;
  // Attributions may have one channel where the image or sequence has three.
  const channels = size / per;
  if (channels !== 1 && channels !== channelsOf(input)) {
    checkSameShape('perturbationCurves()', explanation, work);
  }
  const unitOf = unitsOf(explanation, example, work, given, channels);
  const units = unitOf.reduce((most, unit) => Math.max(most, unit), 0) + 1;
  const sums = new Float64Array(units);
  // The numbers of a feature, or of a segment that was explained as one, share what it adds: there it counts once.
  const areShared = given === undefined && ownLabels(explanation, example) !== undefined;
  for (let i = 0; i < per; i++) {
    const [unit, value] = [unitOf[i * channels]!, data[example * per + i]!];
    sums[unit] = areShared ? value : sums[unit]! + value;
  }
  const order = Array.from(sums.keys()).sort((a, b) => sums[b]! - sums[a]! || a - b);
  const places = new Int32Array(units);
  order.forEach((unit, place) => (places[unit] = place));
  return {rank: unitOf.map(unit => places[unit]!), units};
}

/** Which of the parts that are changed as one each number of an example belongs to: 0, 1, 2 … without gaps. */
function unitsOf(
  explanation: Explanation,
  example: number,
  {size, input}: Measured,
  given: ArrayLike<number> | undefined,
  together: number,
): Int32Array {
  const channels = channelsOf(input);
  const labels = given ?? ownLabels(explanation, example);
  if (labels === undefined) {
    const each = input.shape.length === 4 ? channels : together;
    return Int32Array.from({length: size}, (_, i) => Math.floor(i / each));
  }
  const repeat = size / labels.length;
  if (repeat !== 1 && repeat !== channels) {
    throw new ShapeError(`${labels.length} places have segments; an example has ${size} numbers.`, {
      hint: 'Give one for each number, or for each pixel or step.',
      code: 'shape/segments',
    });
  }
  const seen = new Map<number, number>();
  const units = Int32Array.from({length: labels.length}, (_, i) => {
    const label = labels[i]!;
    if (!seen.has(label)) seen.set(label, seen.size);
    return seen.get(label)!;
  });
  return Int32Array.from({length: size}, (_, i) => units[Math.floor(i / repeat)]!);
}

/** The segments that were explained, or the features of its mask. */
function ownLabels({data: {segments, parts}}: Explanation, example: number): Float32Array | undefined {
  const labels = segments ?? parts?.masks[0];
  return labels && row(labels, example % labels.shape[0]!).data;
}

/** How many numbers an image has at each pixel, or a sequence at each step. */
function channelsOf({shape}: Values): number {
  return shape.length > 2 ? shape.at(-1)! : 1;
}

async function readBaseline({data, shape, dtype}: Measured['input'], baseline: Baseline): Promise<Values> {
  const input = tf.tensor(data, [...shape], dtype);
  const held = [input];
  try {
    held.push(...(await baselinesFor(baseline, [input])));
    return await readValues(held[1]!);
  } finally {
    tf.dispose(held);
  }
}
