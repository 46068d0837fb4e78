/**
 * The accumulation window: gradients of the batches between two optimizer updates, averaged as if those batches
 * had been one.
 *
 * A loss is a sum over a count (see objective.ts), so the window keeps Σ gradient·count and Σ count and divides
 * once. Outputs whose counts do not grow in step (masked differently) are kept apart as terms of their own.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Scalar, Tensor} from '@tensorflow/tfjs-core';
import type {StateTree} from '../core';
import {divideByCount} from './objective';

/** The gradient of one term's mean, by weight, and what that mean was taken over. */
export interface TermGradients {
  readonly gradients: Map<string, Tensor>;
  readonly count: number | Scalar;
}

interface Term {
  gradients: Map<string, Tensor>;
  count: number | Scalar;
  /** Whether `gradients` are multiplied by `count`: left undone for a window of one batch, which needs no pass over the weights. */
  scaled: boolean;
}

export class GradientWindow {
  size = 0;
  private terms: Term[] = [];

  /** Adds one batch. Takes over all tensors in `batch`. */
  add(batch: readonly TermGradients[]): void {
    this.size++;
    if (this.terms.length === 0) {
      this.terms = batch.map(({gradients, count}) => ({gradients: new Map(gradients), count, scaled: false}));
      return;
    }
    batch.forEach(({gradients, count}, i) => {
      const term = this.terms[i]!;
      if (!term.scaled) {
        for (const [key, gradient] of term.gradients) {
          replaceIn(term.gradients, key, tf.mul(gradient, term.count));
        }
        term.scaled = true;
      }
      for (const [key, gradient] of gradients) {
        const sum = term.gradients.get(key);
        const scaled = tf.tidy(() => {
          const product = tf.mul(gradient, count);
          return sum === undefined ? product : tf.add(sum, product);
        });
        gradient.dispose();
        replaceIn(term.gradients, key, scaled);
      }
      term.count = addCounts(term.count, count);
    });
  }

  /** Empties the window and returns the averaged gradients, which become the caller's. */
  take(): Map<string, Tensor> {
    const averaged = new Map<string, Tensor>();
    for (const {gradients, count, scaled} of this.terms) {
      for (const [key, gradient] of gradients) {
        const mean = scaled ? tf.tidy(() => divideByCount(gradient, count)) : gradient;
        if (scaled) gradient.dispose();
        const sum = averaged.get(key);
        if (sum === undefined) {
          averaged.set(key, mean);
        } else {
          averaged.set(key, tf.add(sum, mean));
          tf.dispose([sum, mean]);
        }
      }
      if (typeof count !== 'number') count.dispose();
    }
    this.terms = [];
    this.size = 0;
    return averaged;
  }

  dispose(): void {
    tf.dispose([...this.take().values()]);
  }

  getState(): StateTree {
    return {
      size: this.size,
      terms: this.terms.map(({gradients, count, scaled}) => ({
        gradients: Object.fromEntries(gradients),
        count,
        scaled,
      })),
    };
  }

  setState(state: StateTree): void {
    const {size, terms} = state as {
      size: number;
      terms: {gradients: Record<string, Tensor>; count: number | Scalar; scaled: boolean}[];
    };
    this.dispose();
    this.size = size;
    this.terms = terms.map(({gradients, count, scaled}) => ({
      gradients: new Map(
        Object.entries(gradients).map(([key, gradient]) => [key, tf.keep(gradient.clone())]),
      ),
      count: typeof count === 'number' ? count : tf.keep(count.clone()),
      scaled,
    }));
  }
}

function replaceIn(gradients: Map<string, Tensor>, key: string, next: Tensor): void {
  gradients.get(key)?.dispose();
  gradients.set(key, tf.keep(next));
}

function addCounts(a: number | Scalar, b: number | Scalar): number | Scalar {
  if (typeof a === 'number' && typeof b === 'number') return a + b;
  const sum = tf.keep(tf.add<Scalar>(a, b));
  if (typeof a !== 'number') a.dispose();
  if (typeof b !== 'number') b.dispose();
  return sum;
}
