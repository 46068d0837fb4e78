import {describe, expect, it} from 'vitest';
import {Explanation} from '../../src/explain';
import type {ExplanationData} from '../../src/explain';

const values = (data: number[], shape: number[]) => ({data: Float32Array.from(data), shape});

const DATA: ExplanationData = {
  method: 'IntegratedGradients',
  inputs: [values([1, 2, 3, 4], [2, 2])],
  evaluations: {forward: 12, backward: 10},
  featureNames: ['a', 'b'],
  exampleFeatureNames: [
    ['a', 'b'],
    ['c', 'd'],
  ],
  segments: values([0, 1, 1, 1], [2, 1, 2]),
  warnings: ['Look out.'],
  classes: [0, 1].map(target => ({
    targets: [target, target],
    outputs: Float32Array.of(0.5, 0.25),
    attributions: [values([0.1, -0.2, 0.3, NaN], [2, 2])],
    baseValues: Float32Array.of(0, 0),
    deltas: Float32Array.of(1e-6, 0),
    standardErrors: [values([0, 0.5, 0, 0], [2, 2])],
    surrogates: [0, 1].map(intercept => ({
      ...{intercept, score: 0.9, prediction: 0.4},
      coefficients: [{feature: 1, name: 'b', weight: 0.5}],
    })),
  })),
};

describe('an explanation that was saved', () => {
  it('is the same again, from a text or an object', () => {
    const explanation = new Explanation(DATA).forClass(1);
    for (const json of [JSON.stringify(explanation), explanation.toJSON()]) {
      const again = Explanation.fromJSON(json);
      expect(again.targets).toEqual([1, 1]);
      expect(again.data).toEqual(DATA);
    }
  });

  it.each([
    ['no JSON', '{', 'no JSON'],
    ['something else', {format: 'png'}, '\'format\' is "png"'],
    ['nothing', {}, "'format' is missing"],
    ['null', 'null', 'It is no object'],
    [
      'a wrong shape',
      {...new Explanation(DATA).toJSON(), inputs: [{data: [1], shape: [2]}]},
      'shape [2] does not hold 1 values',
    ],
    ['no classes', {...new Explanation(DATA).toJSON(), classes: 3}, "'classes' is no list"],
  ])('is refused if it is %s', (_, json, why) => {
    expect(() => Explanation.fromJSON(json)).toThrow(why);
  });
});
