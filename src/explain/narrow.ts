/** A part of an explanation, or less of each. */
import {ConfigurationError} from '../core';
import type {ExplanationData, Values} from './explanation';
import {row} from './values';

/** See `Explanation.example`. */
export function exampleOf(data: ExplanationData, index: number): ExplanationData {
  const {inputs, exampleFeatureNames, segments, parts, classes} = data;
  const batch = classes[0]!.outputs.length;
  if (!Number.isInteger(index) || index < 0 || index >= batch) {
    throw new ConfigurationError(`There is no example ${index}: ${batch} are explained.`);
  }
  const pick = (values: Float32Array | undefined) => values?.slice(index, index + 1);
  return {
    ...data,
    inputs: inputs.map(values => row(values, index)),
    ...(exampleFeatureNames && {exampleFeatureNames: [exampleFeatureNames[index]!]}),
    ...(segments && {segments: row(segments, index)}),
    ...(parts && {parts: {...parts, masks: parts.masks.map(mask => row(mask, index % mask.shape[0]!))}}),
    classes: classes.map(scores => ({
      targets: [scores.targets[index]!],
      outputs: pick(scores.outputs)!,
      attributions: scores.attributions.map(values => row(values, index)),
      ...(scores.baseValues && {baseValues: pick(scores.baseValues)!}),
      ...(scores.deltas && {deltas: pick(scores.deltas)!}),
      ...(scores.standardErrors && {standardErrors: scores.standardErrors.map(values => row(values, index))}),
      ...(scores.surrogates && {surrogates: [scores.surrogates[index]!]}),
    })),
  };
}

/** See `Explanation.forInput`. */
export function inputOf(
  {classes, inputs, featureNames, parts, ...data}: ExplanationData,
  index: number,
): ExplanationData {
  const {attributions} = classes[0]!;
  if (attributions[index] === undefined) {
    throw new ConfigurationError(`There is no input ${index}: ${attributions.length} have attributions.`);
  }
  const widths = attributions.map(({shape}) => (shape.length === 2 ? shape[1]! : 0));
  const ends = widths.map((_, i) => widths.slice(0, i + 1).reduce((sum, width) => sum + width, 0));
  const isNamed = featureNames?.length === ends.at(-1);
  return {
    ...data,
    inputs: inputs.slice(index, index + 1),
    ...(isNamed && {featureNames: featureNames!.slice(ends[index]! - widths[index]!, ends[index])}),
    ...(parts && {parts: {...parts, masks: [parts.masks[index]!]}}),
    classes: classes.map(scores => ({
      targets: scores.targets,
      outputs: scores.outputs,
      attributions: [scores.attributions[index]!],
      ...(scores.standardErrors && {standardErrors: [scores.standardErrors[index]!]}),
    })),
  };
}

/** See `Explanation.perPosition`. */
export function positionsOf(data: ExplanationData): ExplanationData {
  if (data.arePairs || data.parts) {
    throw new ConfigurationError(
      'Attributions of pairs, or of features of several numbers, have no positions.',
      {
        hint: 'Explain without a featureMask.',
        code: 'configuration/positions',
      },
    );
  }
  const sum = ({data, shape}: Values): Values => {
    if (shape.length < 3) return {data, shape};
    const width = shape.at(-1)!;
    const sumAt = (_: unknown, i: number): number =>
      data.subarray(i * width, (i + 1) * width).reduce((total, value) => total + value, 0);
    return {data: Float32Array.from({length: data.length / width}, sumAt), shape: shape.slice(0, -1)};
  };
  return {
    ...data,
    // Errors of numbers that were drawn together do not add up.
    classes: data.classes.map(({standardErrors: _, ...scores}) => ({
      ...scores,
      attributions: scores.attributions.map(sum),
    })),
  };
}
