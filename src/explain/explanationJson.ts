/** An explanation as plain arrays, and back: how it is saved, sent, and shown in another program. */
import {DataError} from '../core';
import type {ClassScores, ExplanationData, Values} from './explanation';
import type {FeatureParts} from './parts';
import type {Surrogate} from './surrogate';

const FORMAT = 'glassbox/explanation/1';

/** What `JSON.stringify` writes out. */
export function explanationToJSON(
  {classes, inputs, segments, parts, ...rest}: ExplanationData,
  index: number,
): object {
  return {
    format: FORMAT,
    ...rest,
    index,
    inputs: inputs.map(plain),
    ...(segments && {segments: plain(segments)}),
    ...(parts && {parts: {...parts, masks: parts.masks.map(plain)}}),
    classes: classes.map(({attributions, outputs, baseValues, deltas, standardErrors, ...scores}) => ({
      ...scores,
      outputs: [...outputs],
      attributions: attributions.map(plain),
      ...(baseValues && {baseValues: [...baseValues]}),
      ...(deltas && {deltas: [...deltas]}),
      ...(standardErrors && {standardErrors: standardErrors.map(plain)}),
    })),
  };
}

/** @throws DataError for what is no explanation, or one that lacks something. */
export function explanationFromJSON(given: unknown): {data: ExplanationData; index: number} {
  const json = record(typeof given === 'string' ? parse(given) : given, 'It');
  if (json.format !== FORMAT) {
    throw invalid(`'format' is ${JSON.stringify(json.format) ?? 'missing'}, not '${FORMAT}'`);
  }
  const {forward, backward} = record(json.evaluations, "'evaluations'");
  const data: ExplanationData = {
    method: text(json.method, "'method'"),
    classes: list(json.classes, "'classes'").map(scoresFrom),
    inputs: list(json.inputs, "'inputs'").map(valuesFrom),
    evaluations: {forward: number(forward, "'forward'"), backward: number(backward, "'backward'")},
    ...(json.featureNames !== undefined && {
      featureNames: list(json.featureNames, "'featureNames'").map(String),
    }),
    ...(json.exampleFeatureNames !== undefined && {
      exampleFeatureNames: list(json.exampleFeatureNames, "'exampleFeatureNames'").map(names =>
        list(names, 'An entry of it').map(String),
      ),
    }),
    ...(json.segments !== undefined && {segments: valuesFrom(json.segments)}),
    ...(json.parts !== undefined && {parts: partsFrom(json.parts)}),
    ...(json.arePairs === true && {arePairs: true}),
    ...(json.warnings !== undefined && {warnings: list(json.warnings, "'warnings'").map(String)}),
  };
  return {data, index: Number(json.index ?? 0)};
}

function plain({data, shape}: Values): {data: number[]; shape: number[]} {
  return {data: [...data], shape: [...shape]};
}

function partsFrom(given: unknown): FeatureParts {
  const {masks, names} = record(given, "'parts'");
  return {
    masks: list(masks, "'masks'").map(valuesFrom),
    ...(names !== undefined && {names: list(names, "'names'").map(String)}),
  };
}

function scoresFrom(given: unknown): ClassScores {
  const json = record(given, 'A class');
  const {baseValues, deltas, standardErrors, surrogates} = json;
  const scores: ClassScores = {
    targets: list(json.targets, "'targets'").map(target => number(target, 'A target')),
    outputs: numbers(json.outputs, "'outputs'"),
    attributions: list(json.attributions, "'attributions'").map(valuesFrom),
    ...(baseValues !== undefined && {baseValues: numbers(baseValues, "'baseValues'")}),
    ...(deltas !== undefined && {deltas: numbers(deltas, "'deltas'")}),
    ...(standardErrors !== undefined && {
      standardErrors: list(standardErrors, "'standardErrors'").map(valuesFrom),
    }),
    ...(surrogates !== undefined && {surrogates: list(surrogates, "'surrogates'").map(surrogateFrom)}),
  };
  const [batch] = scores.attributions.map(({shape: [rows]}) => rows);
  if (batch === undefined) throw invalid('it has no attributions');
  for (const name of ['targets', 'outputs', 'baseValues', 'deltas', 'surrogates'] as const) {
    const count: number = scores[name]?.length ?? batch;
    if (count !== batch) throw invalid(`'${name}' has ${count} entries for ${batch} examples`);
  }
  return scores;
}

function surrogateFrom(given: unknown): Surrogate {
  const {intercept, score, prediction, coefficients} = record(given, 'A surrogate');
  return {
    intercept: number(intercept, "'intercept'"),
    score: number(score, "'score'"),
    prediction: number(prediction, "'prediction'"),
    coefficients: list(coefficients, "'coefficients'").map(entry => {
      const {feature, name, weight} = record(entry, 'A coefficient');
      return {
        feature: number(feature, "'feature'"),
        ...(name !== undefined && {name: String(name)}),
        weight: number(weight, "'weight'"),
      };
    }),
  };
}

function valuesFrom(given: unknown): Values {
  const json = record(given, 'A list of values');
  const data = numbers(json.data, "'data'");
  const shape = list(json.shape, "'shape'").map(Number);
  const size = shape.reduce((product, length) => product * length, 1);
  if (size !== data.length) throw invalid(`shape [${shape.join(', ')}] does not hold ${data.length} values`);
  return {data, shape};
}

function numbers(given: unknown, name: string): Float32Array {
  return Float32Array.from(list(given, name), value => number(value, `An entry of ${name}`));
}

/** JSON writes null for NaN. */
function number(given: unknown, name: string): number {
  if (given === null) return NaN;
  if (typeof given !== 'number') throw invalid(`${name} is no number`);
  return given;
}

function text(given: unknown, name: string): string {
  if (typeof given !== 'string') throw invalid(`${name} is no text`);
  return given;
}

function list(given: unknown, name: string): readonly unknown[] {
  if (!Array.isArray(given)) throw invalid(`${name} is no list`);
  return given as unknown[];
}

function record(given: unknown, name: string): Readonly<Record<string, unknown>> {
  if (typeof given !== 'object' || given === null) throw invalid(`${name} is no object`);
  return given as Record<string, unknown>;
}

function parse(written: string): unknown {
  try {
    return JSON.parse(written);
  } catch (cause) {
    throw invalid('it is no JSON', cause);
  }
}

function invalid(why: string, cause?: unknown): DataError {
  return new DataError(`This is no saved explanation: ${why}.`, {
    hint: 'Give what JSON.stringify(explanation) made, or its parsed object.',
    code: 'data/explanation',
    ...(cause !== undefined && {cause}),
  });
}
