import * as tf from '@tensorflow/tfjs-core';
import {Random, ShapeError, checkNames} from '../core';
import {Counterfactuals} from './counterfactuals';
import type {CounterfactualExample} from './counterfactuals';
import {goalFor, isReached, marginOf} from './counterfactualGoal';
import type {CounterfactualTarget} from './counterfactualGoal';
import {Quest, putBack, walk} from './counterfactualSearch';
import type {Start} from './counterfactualSearch';
import {MarginSlopes} from './counterfactualSlopes';
import {CounterfactualSpace} from './counterfactualSpace';
import type {CounterfactualLimits} from './counterfactualSpace';
import {EXPLAINER_OPTIONS, readValues} from './explainer';
import type {ExplainOptions, ExplainerOptions} from './explainer';
import {takeInputs} from './inputs';
import type {ExplainInput} from './inputs';
import {readMatrix} from './matrix';
import type {Matrix, MatrixLike} from './matrix';
import {scoredModel} from './model';
import type {ExplainableModel, ScoredModel} from './model';
import {checkWholeNumber, checkWholeNumbers} from './options';
import {checkSignal} from './turns';

export interface CounterfactualOptions extends ExplainerOptions, CounterfactualLimits {
  /** What the model shall say instead; by default any other class. */
  target?: CounterfactualTarget;
  /**
   * Examples of the training set, `[rows, features]`. A change counts in median absolute deviations of its column, stays
   * within the column's values, and is sought from these examples too. Without it a change counts as it is.
   */
  background?: MatrixLike;
  /** From how many places the search begins, the example itself first. Default 8: more find nearer ones. */
  starts?: number;
  /** Steps from each of them. Default 100. */
  maxIterations?: number;
  /** Default 0. Same seed, same counterfactuals. */
  seed?: number;
}

const OWN_OPTIONS = [
  'target',
  'background',
  'starts',
  'maxIterations',
  'seed',
  'immutable',
  'ranges',
  'integers',
  'categorical',
];

/** What alibi and DiCE call them. */
const ALIASES = {
  ...{target_class: 'target', target_proba: 'target', desired_class: 'target', max_iter: 'maxIterations'},
  ...{feature_range: 'ranges', permitted_range: 'ranges'},
};

/**
 * Counterfactuals: the least change to an example that makes the model say something else (Wachter, Mittelstadt and
 * Russell 2017). Distance is the sum of the changes, each in median absolute deviations of its feature, and 1 for a
 * category that changes; features that need not change stay exactly as they are.
 *
 * Models and functions of tensors are followed along their gradients. Where there are none, as for a promise of scores,
 * slopes are differences of scores: two rows for each feature and step. `found` says whether the goal was reached.
 *
 * @throws ConfigurationError for an unknown option or feature, limits that nothing meets or a target that the model does
 * not have; DataError for examples outside the limits; ShapeError for inputs that are no vectors.
 *
 * @example
 * const score = (x: tf.Tensor) => tf.sigmoid(tf.sum(tf.mul(x, [1, -2]), 1));
 * const counterfactual = new Counterfactual(score, {target: 1, featureNames: ['income', 'debt']});
 * const {examples} = await counterfactual.explain(tf.tensor2d([[1, 2]]));
 * examples[0].found; // true
 * examples[0].changes[0].feature; // 'debt'
 * examples[0].counterfactual; // [1, 0.4999…]
 */
export class Counterfactual {
  private readonly model: ScoredModel;
  private readonly background: Promise<Matrix> | undefined;

  constructor(
    model: ExplainableModel,
    private readonly options: CounterfactualOptions = {},
  ) {
    checkNames('Counterfactual', options, [...EXPLAINER_OPTIONS, ...OWN_OPTIONS], ALIASES);
    checkWholeNumbers('Counterfactual', options);
    const {starts, maxIterations, background} = options;
    checkWholeNumber('Counterfactual', 'starts', starts);
    checkWholeNumber('Counterfactual', 'maxIterations', maxIterations);
    this.model = scoredModel(model, options);
    this.background = background === undefined ? undefined : readMatrix(background, 'background');
    // `explain` reports it.
    this.background?.catch(() => undefined);
  }

  /** @param input examples, `[batch, features]`; they stay the caller's */
  async explain(input: ExplainInput, options: Pick<ExplainOptions, 'signal'> = {}): Promise<Counterfactuals> {
    checkNames('explain()', options, ['signal']);
    checkSignal(options.signal);
    const {data, shape} = await this.read(input);
    const [batch, width] = shape as [number, number];
    const background = await this.background;
    if (background !== undefined && background.columns !== width) {
      throw new ShapeError(`The background has ${background.columns} features, the examples ${width}.`, {
        hint: 'Both are [rows, features].',
        code: 'shape/background',
      });
    }
    const {batchSize = 100, maxIterations = 100, target, featureNames} = this.options;
    const space = new CounterfactualSpace(width, this.options, featureNames, background);
    const rows = Array.from({length: batch}, (_, i) => data.slice(i * width, (i + 1) * width));
    rows.forEach((row, i) => space.check(row, i));
    const evaluations = {forward: 0, backward: 0};
    const count = (forward: number, backward = 0): void => {
      evaluations.forward += forward;
      evaluations.backward += backward;
    };
    const scoring = {model: this.model, batchSize, signal: options.signal, count};
    const slopes = new MarginSlopes(scoring, space.scale, space.isWhole);
    const before = await slopes.scores(rows);
    const quests = rows.map((row, i) => {
      const goal = goalFor(target, before[i]!);
      const margin = marginOf(goal, before[i]!);
      const size = Math.abs(before[i]![goal.output]!) + Math.abs(goal.bar ?? 0);
      const quest = new Quest(space, row, goal, margin, 1e-5 * Math.abs(margin) + 1e-6 * size);
      if (isReached(goal, margin)) quest.best = {row, distance: 0};
      return quest;
    });
    const sought = quests.filter(({best}) => best === undefined);
    await this.search(sought, slopes, space);
    await putBack(sought, slopes, space, maxIterations);
    const rowsFound = quests.map(({best, nearest}) => best?.row ?? nearest.row);
    const after = await slopes.scores(rowsFound);
    options.signal?.throwIfAborted();
    const examples = quests.map(({goal, x}, i): CounterfactualExample => {
      const counterfactual = rowsFound[i]!;
      return {
        found: isReached(goal, marginOf(goal, after[i]!)),
        ...{original: x, counterfactual, changes: space.changes(x, counterfactual)},
        distance: space.distance(x, counterfactual),
        score: {output: goal.output, before: before[i]![goal.output]!, after: after[i]![goal.output]!},
      };
    });
    return new Counterfactuals({examples, evaluations, warnings: warningsOf(examples, quests)});
  }

  private async read(input: ExplainInput): Promise<{data: Float32Array; shape: readonly number[]}> {
    const inputs = await takeInputs(input, this.model);
    try {
      if (inputs.length === 1 && inputs[0]!.rank === 2) return await readValues(inputs[0]!);
      throw new ShapeError(
        `Counterfactual changes features in a vector, and was given [${inputs.map(({shape}) => shape.join(', ')).join('] and [')}].`,
        {hint: 'Give [examples, features]; for others, explain a function that reshapes them.'},
      );
    } finally {
      tf.dispose(inputs);
    }
  }

  /** Walks from each start; then from other categories, as long as they lead nearer. */
  private async search(
    quests: readonly Quest[],
    slopes: MarginSlopes,
    space: CounterfactualSpace,
  ): Promise<void> {
    const seen = new Map(quests.map(quest => [quest, new Set<string>()]));
    let going = quests;
    let starts = await this.starts(quests, slopes, space);
    for (let round = 0; round <= space.groups.length && going.length > 0; round++) {
      const before = new Map(going.map(quest => [quest, quest.best ?? quest.nearest]));
      const others = going.flatMap(quest => neighbours(quest, space, seen.get(quest)!));
      await this.walkAll(
        [...starts, ...others].map(({quest, row}) => ({quest, row, bounds: space.boundsOf(quest.x, row)})),
        slopes,
        space,
      );
      going = going.filter(quest => (quest.best ?? quest.nearest) !== before.get(quest));
      starts = [];
    }
  }

  /** Walks, makes whole numbers whole, and walks again with those fixed. */
  private async walkAll(
    starts: readonly Start[],
    slopes: MarginSlopes,
    space: CounterfactualSpace,
  ): Promise<void> {
    const {maxIterations = 100} = this.options;
    if (starts.length === 0) return;
    const ends = await walk(starts, slopes, space.scale, maxIterations);
    if (!space.isWhole.includes(true)) return;
    const rounded = ends.flatMap(({quest, row, bounds}) =>
      [
        Math.round,
        (value: number, from: number) => (value > from ? Math.ceil(value) : Math.floor(value)),
      ].map(round => {
        const whole = row.map((value, i) => (space.isWhole[i] ? round(value, quest.x[i]!) : value));
        const pin = (values: Float64Array): Float64Array =>
          values.map((value, i) => (space.isWhole[i] ? whole[i]! : value));
        return {quest, row: whole, bounds: {low: pin(bounds.low), high: pin(bounds.high)}};
      }),
    );
    await walk(rounded, slopes, space.scale, maxIterations);
  }

  /** The example, the nearest of the background that reach the goal, and rows drawn from it. */
  private async starts(
    quests: readonly Quest[],
    slopes: MarginSlopes,
    space: CounterfactualSpace,
  ): Promise<{quest: Quest; row: Float32Array}[]> {
    const {starts = 8, seed = 0} = this.options;
    const {background, width} = space;
    const known = Array.from({length: quests.length === 0 ? 0 : (background?.rows ?? 0)}, (_, i) =>
      Float32Array.from(background!.data.subarray(i * width, (i + 1) * width)),
    );
    const scores = await slopes.scores(known);
    return quests.flatMap((quest, i) => {
      const random = new Random(seed, 'Counterfactual', i);
      const {x, goal} = quest;
      const examples = known
        .filter((_, at) => isReached(goal, marginOf(goal, scores[at]!)))
        .map(row => space.admit(row, x))
        .map(row => ({row, distance: space.distance(x, row)}))
        .sort((a, b) => a.distance - b.distance)
        .slice(0, Math.floor(starts / 2));
      const rows = [x, ...examples.map(({row}) => row)];
      while (rows.length < starts) rows.push(space.admit(space.draw(x, random), x));
      return rows.map(row => ({quest, row}));
    });
  }
}

/** The best row so far, and what else each of its categories could be; assignments are looked at once. */
function neighbours(
  quest: Quest,
  space: CounterfactualSpace,
  seen: Set<string>,
): {quest: Quest; row: Float32Array}[] {
  const base = quest.best?.row ?? quest.nearest.row;
  return space.groups
    .filter(({isFixed}) => !isFixed)
    .flatMap(({columns}) =>
      columns.map(one => {
        const row = base.slice();
        columns.forEach(column => (row[column] = column === one ? 1 : 0));
        return {quest, row};
      }),
    )
    .filter(({row}) => {
      const key = space.groups.flatMap(({columns}) => columns.map(column => row[column])).join('');
      return !seen.has(key) && seen.add(key);
    });
}

function warningsOf(examples: readonly CounterfactualExample[], quests: readonly Quest[]): string[] {
  return examples.flatMap(({found, distance, score}, i) => {
    if (found && distance === 0) return [`Example ${i} is what was wanted already: nothing changes.`];
    if (found) return [];
    const {bar, sign} = quests[i]!.goal;
    const wanted =
      bar === undefined
        ? sign === 1
          ? 'the highest'
          : 'below another'
        : `at ${sign === 1 ? 'least' : 'most'} ${bar}`;
    return [
      `Example ${i} has no counterfactual that was found: score ${score.output} comes to ${score.after}, not ${wanted}. ` +
        'Free immutable features, widen ranges, ask for less, or raise starts and maxIterations; without a background ' +
        'steps are of the size of 1: give one if features are much larger or smaller.',
    ];
  });
}
