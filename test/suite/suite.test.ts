import * as tf from '@tensorflow/tfjs-core';
import {afterEach, beforeAll, beforeEach, describe, expect, it} from 'vitest';
import {useBackend} from 'glassbox';
import {backendUnderTest} from '../backendUnderTest';
import {computeOnDevice} from '../onDevice';
import {TOLERANCE, compare, suite} from './suite';

let reference: string;
beforeAll(async () => {
  reference = (await useBackend('cpu')).tfjsName;
});

let tensors = 0;
beforeEach(() => {
  tensors = tf.memory().numTensors;
});
afterEach(() => {
  expect(tf.memory().numTensors).toBe(tensors);
});

describe(`the suite of training on ${backendUnderTest}`, () => {
  let tested: string;
  beforeAll(async () => {
    tested = (await useBackend(backendUnderTest)).tfjsName;
  });
  computeOnDevice(backendUnderTest);

  it.each(suite)('$name', async testCase => {
    expect(await compare(testCase, tested, reference)).toBeLessThan(TOLERANCE);
  });
});

describe('on cpu, which is the reference of the others', () => {
  it.each(suite.filter(({expected}) => expected !== undefined))('$name', async testCase => {
    expect(await compare(testCase, reference, reference)).toBeLessThan(TOLERANCE);
  });
});
