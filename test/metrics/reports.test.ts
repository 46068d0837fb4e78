/**
 * Classification report and confusion matrix, against scikit-learn.
 */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import {beforeAll, describe, expect, test} from 'vitest';
import {ConfigurationError, DataError, ShapeError} from '../../src/core';
import {classificationReport, confusionMatrix} from '../../src/metrics';
import {matrices, reports} from './oracle';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

describe('classificationReport', () => {
  test.each(reports)(
    "prints scikit-learn's table: $name",
    ({yTrue, yPred, labels, weight, digits, table}) => {
      const report = classificationReport(yTrue as number[], yPred as number[], {
        labels: labels ?? undefined,
        sampleWeight: weight,
        digits,
      });
      expect(String(report)).toBe(table);
    },
  );

  test.each(reports)("holds scikit-learn's numbers: $name", ({yTrue, yPred, labels, weight, dict}) => {
    const report = classificationReport(yTrue as number[], yPred as number[], {
      labels: labels ?? undefined,
      sampleWeight: weight,
    });
    const json = JSON.parse(JSON.stringify(report)) as typeof dict;
    expect(Object.keys(json)).toEqual(Object.keys(dict));
    for (const [key, expected] of Object.entries(dict)) {
      const found = json[key]!;
      if (typeof expected === 'number') expect(found).toBeCloseTo(expected, 12);
      else {
        for (const [score, value] of Object.entries(expected)) {
          expect((found as Record<string, number>)[score]).toBeCloseTo(value, 12);
        }
      }
    }
  });

  test('says accuracy where names cover all classes, also such as never occur', () => {
    const report = classificationReport([0, 1], [0, 0], {labels: ['a', 'b', 'c']});
    expect(report.accuracy).toBe(0.5);
    expect(report.classes.map(({name, support}) => [name, support])).toEqual([
      ['a', 1],
      ['b', 1],
      ['c', 0],
    ]);
  });

  test('takes scores, one-hot rows, probabilities and typed arrays alike', () => {
    const plain = String(classificationReport([0, 1, 1], [0, 1, 0]));
    const scores = [
      [0.6, 0.4],
      [0.1, 0.9],
      [0.8, 0.2],
    ];
    const onehot = [
      [1, 0],
      [0, 1],
      [0, 1],
    ];
    expect(String(classificationReport(onehot, scores))).toBe(plain);
    expect(String(classificationReport(new Int32Array([0, 1, 1]), new Float32Array([0.2, 0.7, 0.5])))).toBe(
      plain,
    );
    expect(String(classificationReport([[0], [1], [1]], [[0.2], [0.7], [0.4]]))).toBe(plain);
  });

  test('reads tensors, gives a promise then, and disposes none of them', async () => {
    const before = tf.memory().numTensors;
    const y = tf.tensor1d([0, 1, 1], 'int32');
    const p = tf.tensor2d([
      [0.6, 0.4],
      [0.1, 0.9],
      [0.8, 0.2],
    ]);
    const report = await classificationReport(y, p);
    expect(String(report)).toBe(String(classificationReport([0, 1, 1], [0, 1, 0])));
    expect(await confusionMatrix([0, 1, 1], p)).toEqual([
      [1, 0],
      [1, 1],
    ]);
    expect(tf.memory().numTensors).toBe(before + 2);
    tf.dispose([y, p]);
  });
});

describe('confusionMatrix', () => {
  test.each(matrices)(
    "is scikit-learn's, normalized by $normalize",
    ({normalize, yTrue, yPred, weight, expected}) => {
      const matrix = confusionMatrix(yTrue as number[], yPred as number[], {
        normalize: normalize ?? undefined,
        sampleWeight: weight,
      });
      expect(matrix.length).toBe(expected.length);
      matrix.forEach((row, i) => row.forEach((value, j) => expect(value).toBeCloseTo(expected[i]![j]!, 12)));
    },
  );

  test('shows the classes asked for, in their order', () => {
    expect(confusionMatrix([0, 1, 2, 2], [0, 2, 2, 1], {labels: [2, 1]})).toEqual([
      [1, 1],
      [1, 0],
    ]);
  });
});

test('what is no labels is refused', () => {
  expect(() => classificationReport([], [])).toThrow(DataError);
  expect(() => classificationReport([0, 1], [0])).toThrow(ShapeError);
  expect(() => classificationReport([0, 1], [0, 1], {sampleWeight: [1]})).toThrow(/1 sample weights/);
  expect(() => classificationReport([0, 0.5], [0, 1])).toThrow(/0\.5 \(number 1 of the targets\)/);
  expect(() => classificationReport([0, -1], [0, 1])).toThrow(DataError);
  expect(() => classificationReport([0, 1], [0, 1.5])).toThrow(DataError);
  expect(() => classificationReport([0, NaN], [0, 1])).toThrow(DataError);
  expect(() => classificationReport([0, 3], [0, 1], {labels: ['a', 'b']})).toThrow(/Class 3.*2 classes/);
  expect(() => classificationReport([0], [[0.1, 0.9], [0.2]])).toThrow(ShapeError);
  expect(() => confusionMatrix([0], [0], {normalize: 'rows' as 'true'})).toThrow(ConfigurationError);
});
