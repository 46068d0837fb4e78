/** Texts with some of their parts hidden: what LIME and Shapley methods play coalitions with. */
import {ConfigurationError, unknownName} from '../core';

/** Something that can be shown with only some of its features. */
export interface Masker<T> {
  /** What the features are called. */
  readonly features: readonly string[];
  /** The thing with only the features whose entry is not zero. */
  mask(keep: ArrayLike<number>): T;
}

export interface TextMaskerOptions {
  /** What a feature is: a `'word'` (the default) or a `'sentence'`. */
  unit?: 'word' | 'sentence';
  /** Whether the same word is one feature wherever it stands, as in LIME. Default true; never for sentences. */
  together?: boolean;
  /** What stands in the place of a hidden feature, such as `'[MASK]'`. By default it is left out. */
  baseline?: string;
}

const UNITS = {
  word: /[\p{L}\p{M}\p{N}_]+(?:['’-][\p{L}\p{M}\p{N}_]+)*/gu,
  sentence: /[^\s.!?][^.!?]*(?:[.!?]+["'”’)\]]*|$)/gu,
};

/**
 * A text whose words or sentences can be hidden. What stands between them stays.
 *
 * @throws ConfigurationError for an unknown unit; from `mask` unless there is an entry for each feature.
 *
 * @example
 * const masker = new TextMasker('Good, very good!');
 * masker.features; // ['Good', 'very', 'good']
 * masker.mask([1, 0, 1]); // 'Good,  good!'
 */
export class TextMasker implements Masker<string> {
  readonly features: readonly string[];
  private readonly parts: readonly {
    readonly before: string;
    readonly text: string;
    readonly feature: number;
  }[];
  private readonly rest: string;
  private readonly baseline: string;

  constructor(text: string, {unit = 'word', together = true, baseline = ''}: TextMaskerOptions = {}) {
    if (!Object.hasOwn(UNITS, unit)) throw unknownName('unit of text', unit, Object.keys(UNITS));
    const features: string[] = [];
    let end = 0;
    this.parts = [...text.matchAll(UNITS[unit])].map(match => {
      const before = text.slice(end, match.index);
      end = match.index + match[0].length;
      const known = unit === 'word' && together ? features.indexOf(match[0]) : -1;
      return {before, text: match[0], feature: known >= 0 ? known : features.push(match[0]) - 1};
    });
    this.rest = text.slice(end);
    this.features = features;
    this.baseline = baseline;
  }

  mask(keep: ArrayLike<number>): string {
    checkLength(keep, this.features);
    const shown = this.parts.map(
      ({before, text, feature}) => before + (keep[feature] === 0 ? this.baseline : text),
    );
    return shown.join('') + this.rest;
  }
}

/**
 * The tokens of a text, any of which can be hidden.
 *
 * @throws ConfigurationError from `mask` unless there is an entry for each token.
 *
 * @example
 * new TokenMasker([7, 2, 9], {baseline: 0}).mask([1, 0, 1]); // [7, 0, 9]
 * new TokenMasker([7, 2, 9]).mask([1, 0, 1]); // [7, 9]
 */
export class TokenMasker implements Masker<number[]> {
  readonly features: readonly string[];

  /** @param options `baseline`: the token in the place of a hidden one, such as padding; by default it is left out */
  constructor(
    private readonly tokens: readonly number[],
    private readonly options: {baseline?: number; names?: readonly string[]} = {},
  ) {
    this.features = tokens.map((token, i) => options.names?.[i] ?? String(token));
  }

  mask(keep: ArrayLike<number>): number[] {
    checkLength(keep, this.features);
    const {baseline} = this.options;
    if (baseline === undefined) return this.tokens.filter((_, i) => keep[i] !== 0);
    return this.tokens.map((token, i) => (keep[i] === 0 ? baseline : token));
  }
}

function checkLength(keep: ArrayLike<number>, features: readonly string[]): void {
  if (keep.length === features.length) return;
  throw new ConfigurationError(`A mask has ${keep.length} entries for ${features.length} features.`, {
    hint: 'Give a number for each: zero hides it.',
  });
}
