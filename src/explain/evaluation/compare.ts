/** One call that measures an explainer, and one that ranks several. */
import {ConfigurationError} from '../../core';
import type {Explainer} from '../explainer';
import type {Explanation} from '../explanation';
import type {ExplainInput, Target} from '../inputs';
import type {ExplainableModel} from '../model';
import {agreement, completeness} from './agreement';
import {checkExplainer, measured} from './common';
import {perturbationCurves} from './curves';
import type {CurveOptions} from './curves';
import {infidelity} from './infidelity';
import {maxSensitivity} from './sensitivity';

/** What `evaluateExplanation` takes: the options of its parts. */
export interface EvaluationOptions extends CurveOptions {
  /** Which score to explain; by default the highest of each example. */
  target?: Target;
  /** Draws for infidelity and sensitivity. Default 10. */
  samples?: number;
  /** The standard deviation of infidelity's perturbations. Default 0.1. */
  noise?: number;
  /** How far sensitivity moves each number at most. Default 0.02. */
  radius?: number;
  /** Default 0. */
  seed?: number;
}

/** How good an explanation is: means over the examples. */
export interface Evaluation {
  readonly explanation: Explanation;
  /** The area under the deletion curve: low is good. */
  readonly deletionAuc: number;
  /** The area under the insertion curve: high is good. */
  readonly insertionAuc: number;
  /** Normalized infidelity: low is good. Undefined for attributions that are not of the input's shape, and for words. */
  readonly infidelity: number | undefined;
  /** Max-sensitivity: low is good. Undefined for integers and words, which do not move a little. */
  readonly sensitivity: number | undefined;
  /** What the attributions miss of the score's difference, as a share of it. Undefined for methods without that promise. */
  readonly incompleteness: number | undefined;
}

/**
 * Measures an explainer on examples: deletion and insertion curves, infidelity, max-sensitivity and completeness.
 *
 * @throws what the explainer and the measures throw.
 *
 * @example
 * const score = (x: tf.Tensor) => tf.sum(tf.mul(x, [3, 1]), 1);
 * const {deletionAuc} = await evaluateExplanation(new InputXGradient(score), score, tf.tensor2d([[1, 1]]));
 * deletionAuc; // 1.5
 */
export async function evaluateExplanation(
  explainer: Explainer,
  model: ExplainableModel,
  input: ExplainInput,
  options: EvaluationOptions = {},
): Promise<Evaluation> {
  const {target, samples, noise, radius, seed, baseline, segments, steps, ...shared} = options;
  const {signal} = shared;
  const given = <T extends object>(record: T): T =>
    Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as T;
  checkExplainer('evaluateExplanation()', explainer);
  const {isDiscrete} = await measured('evaluateExplanation()', model, input, shared, []);
  const explanation = await explainer.explain(input, given({target, signal}));
  const curves = await perturbationCurves(model, input, explanation, {
    ...shared,
    ...given({baseline, segments, steps}),
  });
  const isOfInput = explanation.values.length === (explanation.data.inputs[0]?.data.length ?? -1);
  const unfaithful =
    isOfInput && !isDiscrete
      ? mean(
          await infidelity(model, input, explanation, {
            ...shared,
            normalize: true,
            ...given({samples, noise, seed}),
          }),
        )
      : undefined;
  return {
    explanation,
    deletionAuc: mean(curves.deletion.auc),
    insertionAuc: mean(curves.insertion.auc),
    infidelity: unfaithful,
    sensitivity: isDiscrete
      ? undefined
      : mean(
          await maxSensitivity(
            explainer,
            input,
            given({target: explanation.targets, samples, radius, seed, signal}),
          ),
        ),
    incompleteness: explanation.baseValues === undefined ? undefined : mean(completeness(explanation)),
  };
}

/** Several explainers on the same examples. */
export interface Comparison<Name extends string> {
  /** The names, the best first: by the mean of their places in each measure. */
  readonly ranking: Name[];
  readonly evaluations: Readonly<Record<Name, Evaluation>>;
  /** For each pair that has attributions of one shape, the mean rank correlation of what they say. */
  readonly agreement: readonly {readonly between: readonly [Name, Name]; readonly spearman: number}[];
}

/**
 * Ranks explainers on a model: each is measured as `evaluateExplanation` does, and gets a place for deletion, insertion,
 * infidelity and sensitivity. No measure is the truth; look at them, not only at the ranking.
 *
 * @throws ConfigurationError for no explainers, and what the explainers and the measures throw.
 *
 * @example
 * const score = (x: tf.Tensor) => tf.sum(tf.mul(x, [3, -1]), 1);
 * const explainers = {signed: new InputXGradient(score), unsigned: new Saliency(score)};
 * const {ranking} = await compareExplainers(explainers, score, tf.tensor2d([[1, 2]]));
 * ranking; // ['signed', 'unsigned']
 */
export async function compareExplainers<Name extends string>(
  explainers: Readonly<Record<Name, Explainer>>,
  model: ExplainableModel,
  input: ExplainInput,
  options: EvaluationOptions = {},
): Promise<Comparison<Name>> {
  const names = Object.keys(explainers) as Name[];
  if (names.length === 0) {
    throw new ConfigurationError('There is no explainer to compare.', {
      hint: 'Give {name: explainer}.',
      code: 'configuration/explainers',
    });
  }
  const evaluations = {} as Record<Name, Evaluation>;
  let {target} = options;
  for (const name of names) {
    evaluations[name] = await evaluateExplanation(explainers[name], model, input, {
      ...options,
      ...(target !== undefined && {target}),
    });
    // All explain the score that the first one chose.
    target ??= evaluations[name].explanation.targets;
  }
  const pairs = names.flatMap((one, i) => names.slice(i + 1).map((other): [Name, Name] => [one, other]));
  return {
    ranking: rankingOf(names, evaluations),
    evaluations,
    agreement: pairs.flatMap(between => {
      const [one, other] = between.map(name => evaluations[name].explanation) as [Explanation, Explanation];
      if (one.values.length !== other.values.length) return [];
      return [{between, spearman: mean(agreement(one, other).spearman)}];
    }),
  };
}

function rankingOf<Name extends string>(names: Name[], of: Record<Name, Evaluation>): Name[] {
  const measures: ((evaluation: Evaluation) => number | undefined)[] = [
    ({deletionAuc}) => deletionAuc,
    ({insertionAuc}) => -insertionAuc,
    evaluation => evaluation.infidelity,
    ({sensitivity}) => sensitivity,
  ];
  const place = (name: Name): number => {
    const places = measures.flatMap(measure => {
      const own = measure(of[name]);
      if (own === undefined) return [];
      const others = names.map(other => measure(of[other])).filter(value => value !== undefined);
      const better = others.filter(value => value < own - 1e-9).length;
      const equal = others.filter(value => Math.abs(value - own) <= 1e-9).length;
      return [(better + (equal - 1) / 2) / Math.max(1, others.length - 1)];
    });
    return places.reduce((sum, value) => sum + value, 0) / places.length;
  };
  return [...names].sort((a, b) => place(a) - place(b));
}

function mean(values: Float32Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
