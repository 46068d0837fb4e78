import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {ConfigurationError, ShapeError, checkNames} from '../core';
import type {FeatureMasker, MaskedExample} from './featureMasker';

export interface MaskTokensOptions {
  /** The token in the place of a hidden one: the tokenizer's mask or padding. */
  baseline: number;
  /** Tokens that always stay and are no features: padding, the first, the last. Default none. */
  keep?: readonly number[];
  /** Whether a token goes on with the word before it, as `##ing` does: a word's tokens come and go together. */
  continues?: (token: number) => boolean;
  /** Which of the model's inputs holds the tokens; the others stay as they are. Default 0. */
  input?: number;
}

/**
 * Hides words among token ids, `[batch, length]`: the `masker` of KernelShap, Shapley and PartitionShap for models that
 * take the ids of a tokenizer (as shap's text masker). Each token that is not kept is a feature, or each word, where
 * `continues` tells; every token has its word's value, those kept have 0.
 *
 * @throws ConfigurationError for an unknown option or a baseline that is no token; when it explains, ShapeError for what
 *   is not `[batch, length]`, ConfigurationError where there is nothing to hide or no such input.
 *
 * @example
 * // 0 is padding, 1 begins a text, 2 hides; tokens from 100 on go on with a word.
 * const masker = maskTokens({baseline: 2, keep: [0, 1], continues: token => token >= 100});
 * const score = (ids: tf.Tensor) => tf.sum(tf.cast(tf.equal(ids, 7), 'float32'), 1);
 * const explainer = new PartitionShap(score, {masker});
 * const {values} = await explainer.explain(tf.tensor2d([[1, 7, 100, 8, 0, 0]], [1, 6], 'int32'));
 * values; // [0, 1, 1, 0, 0, 0]
 */
export function maskTokens(options: MaskTokensOptions): FeatureMasker {
  checkNames('maskTokens()', options, ['baseline', 'keep', 'continues', 'input']);
  const {baseline, keep = [], continues = () => false, input = 0} = options;
  if (!Number.isInteger(baseline)) {
    throw new ConfigurationError(`The baseline of maskTokens is ${String(baseline)}.`, {
      hint: 'Give the token that stands for a hidden one, such as the mask or padding.',
      code: 'configuration/baseline',
    });
  }
  return {
    async of(example) {
      const ids = checkIds(example[input], input);
      const tokens = await ids.data();
      const {owners, players} = wordsOf(tokens, new Set(keep), continues);
      return maskedTokens(example, input, Float32Array.from(tokens), owners, players, baseline);
    },
  };
}

function checkIds(ids: Tensor | undefined, input: number): Tensor {
  if (!ids) {
    throw new ConfigurationError(
      `maskTokens hides tokens of input ${input}, which the model does not have.`,
      {
        hint: 'Give the place of the input that holds the tokens.',
        code: 'configuration/inputs',
      },
    );
  }
  if (ids.rank === 2) return ids;
  throw new ShapeError(`maskTokens takes token ids; input ${input} has shape [${ids.shape}].`, {
    hint: 'Give [batch, length].',
    code: 'shape/tokens',
  });
}

/** For each token the word that it belongs to, or -1 if it stays. */
function wordsOf(
  tokens: ArrayLike<number>,
  kept: ReadonlySet<number>,
  continues: (token: number) => boolean,
): {owners: Int32Array; players: number} {
  let players = 0;
  let isInWord = false;
  const owners = Int32Array.from(tokens, token => {
    if (kept.has(token)) {
      isInWord = false;
      return -1;
    }
    if (!isInWord || !continues(token)) players++;
    isInWord = true;
    return players - 1;
  });
  if (players > 0) return {owners, players};
  throw new ConfigurationError('maskTokens has nothing to hide: an example has only tokens that it keeps.', {
    hint: 'Leave such examples out, or keep fewer tokens.',
    code: 'configuration/tokens',
  });
}

function maskedTokens(
  example: readonly Tensor[],
  input: number,
  tokens: Float32Array,
  owners: Int32Array,
  players: number,
  baseline: number,
): MaskedExample {
  return {
    players,
    rows: 1,
    mask: (coalitions, count) =>
      example.map((tensor, place) => {
        if (place !== input) return tf.tile(tensor, [count, ...tensor.shape.slice(1).map(() => 1)]);
        const shown = Array.from({length: count}, (_, i) =>
          Array.from(tokens, (token, at) =>
            owners[at]! < 0 || coalitions[i * players + owners[at]!] ? token : baseline,
          ),
        );
        return tf.tensor2d(shown, [count, tokens.length], tensor.dtype);
      }),
    labels: example.map(({size}, place) => (place === input ? owners : new Int32Array(size).fill(-1))),
    dispose: () => undefined,
  };
}
