/** Links: how scores are looked at. */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor2D} from '@tensorflow/tfjs-core';
import {ConfigurationError, unknownName} from '../core';

/** How scores are looked at: as they are, or probabilities as log-odds. */
export type Link = 'identity' | 'logit';

const LINKS: readonly Link[] = ['identity', 'logit'];
/** Below it float32 has no numbers, or hardly any. */
const LEAST = 1e-38;
/** Half the distance from 1 to the float32 before it: what rounds to 1 is off it by this at most. */
const LEAST_BELOW_ONE = 2 ** -25;

/** @throws ConfigurationError for a link that does not exist. */
export function checkLink(link: string): void {
  if (!LINKS.includes(link as Link)) throw unknownName('link', link, LINKS);
}

/**
 * The probabilities of everything else, for each score `[rows, outputs]`. Close to 1 a float32 has lost the digits that
 * log-odds are made of, so that 1 − p will not do: where the scores are shares of one, the others' are summed up.
 * Call it inside a tidy.
 */
export function complements(scores: Tensor2D): Tensor2D {
  const outputs = scores.shape[1];
  const rest = tf.maximum<Tensor2D>(tf.sub(1, scores), LEAST_BELOW_ONE);
  if (outputs === 1) return rest;
  const areShares = tf.less(tf.max(tf.abs(tf.sub(tf.sum(scores, 1), 1))), 1e-5);
  return tf.where(areShares, tf.matMul<Tensor2D>(scores, tf.sub(1, tf.eye(outputs))), rest);
}

/**
 * The log-odds of a probability, given that of everything else.
 *
 * @throws ConfigurationError for what is no probability.
 */
export function logOdds(probability: number, complement: number, warn: (message: string) => void): number {
  if (probability < -1e-6 || probability > 1 + 1e-6) {
    throw new ConfigurationError(`The model scores ${probability}, which is no probability.`, {
      hint: "The logit link is for probabilities: leave it out, or explain with head: 'output'.",
      code: 'configuration/link',
    });
  }
  if (probability < LEAST || complement < LEAST || complement === LEAST_BELOW_ONE) {
    warn(
      "Some probabilities are 0 or 1 as far as float32 can tell, where log-odds have no end: values are cut off there. Explain with head: 'logits', or give a function that returns log-odds.",
    );
  }
  return Math.log(Math.max(LEAST, probability) / Math.max(LEAST, complement));
}
