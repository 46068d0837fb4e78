/** The base of methods that ask what the model scores when only some features are there. */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {ConfigurationError} from '../core';
import {backgroundFor} from './background';
import {baselinesFor} from './baseline';
import type {Baseline} from './baseline';
import {ExplanationFrame, sliceRows} from './explainer';
import type {ExplainOptions, Explainer, ExplainerOptions, Request} from './explainer';
import type {Explanation} from './explanation';
import {featuresOf} from './featureMask';
import type {FeatureMask} from './featureMask';
import {Game} from './game';
import type {ExplainInput} from './inputs';
import {checkLink} from './link';
import type {Link} from './link';
import {backgroundMasker, checkMasker} from './featureMasker';
import type {FeatureMasker} from './featureMasker';
import {withoutIdle} from './idlePlayers';
import type {ExplainableModel} from './model';
import {attributedOf} from './playedValues';
import type {AttributionForm, Played, PlayedExample} from './playedValues';

/** Options of all methods that hide features. */
export interface CoalitionOptions extends ExplainerOptions {
  /**
   * Rows that go through the model at a time. By default as many as hold 2^18 numbers, from 16 to 4,096: on small
   * models more than the 100 rows of other methods, since a call costs more than its rows.
   */
  batchSize?: number;
  /** What hides features: each row in turn, and scores are averaged over them (the interventional way). */
  background?: ExplainInput;
  /** Or a single row that hides them. Default 0. */
  baseline?: Baseline;
  /** Or another way of hiding them: `maskTokens`, or your own. */
  masker?: FeatureMasker;
  /** Which numbers come and go together: segments of an image, one-hot columns. By default each comes by itself. */
  featureMask?: FeatureMask;
  /** `'logit'` explains the log-odds of probabilities. Default `'identity'`. */
  link?: Link;
  /**
   * Default false: attributions in the input's shape, where each number has the value of its feature. True: one value
   * for each feature, `[batch, features]`, in the order of the mask's integers.
   */
  perFeature?: boolean;
}

const COALITION_OPTIONS = ['background', 'baseline', 'masker', 'featureMask', 'link', 'perFeature'];
const CHUNK = {numbers: 2 ** 18, fewest: 16, most: 4096};

/** A method that plays a game for each example. */
export abstract class CoalitionExplainer<Options extends CoalitionOptions> implements Explainer {
  protected readonly frame: ExplanationFrame;

  /**
   * @param ownOptions names of the options that only this method has
   * @param known those and what it shares with others
   */
  constructor(
    protected readonly method: string,
    model: ExplainableModel,
    protected readonly options: Options,
    ownOptions: readonly string[] = [],
    known: readonly string[] = [...COALITION_OPTIONS, ...ownOptions],
  ) {
    this.frame = new ExplanationFrame(method, model, options, known, 'output');
    checkLink(options.link ?? 'identity');
    checkMasker(options.masker);
    const ways = (['background', 'baseline', 'masker'] as const).filter(name => options[name] !== undefined);
    if (ways.length > 1) {
      throw new ConfigurationError(`${method} was given a ${ways.join(' and a ')}.`, {
        hint: 'Give one of them: they say what hides features.',
        code: 'configuration/masker',
      });
    }
  }

  async explain(input: ExplainInput, options?: ExplainOptions): Promise<Explanation> {
    return this.explainGames(input, options, game => this.play(game));
  }

  /** Whether it parts the features in given groups: then each has its place, also where it changes nothing. */
  protected readonly partsGroups: boolean = false;

  /** Plays the game of one example: what the method is. */
  protected abstract play(game: Game): Promise<Played>;

  /** Explains each example by its game. All classes are played for at once. */
  protected async explainGames(
    input: ExplainInput,
    options: ExplainOptions | undefined,
    play: (game: Game) => Promise<Played>,
    shape: 'features' | 'pairs' = 'features',
  ): Promise<Explanation> {
    const isAll = options?.target === 'all';
    const examples: PlayedExample[] = [];
    return this.frame.explain(input, options, async request => {
      if (!isAll || examples.length === 0)
        examples.push(...(await this.playAll(request, {isAll, shape}, play)));
      const {link = 'identity', perFeature = false} = this.options;
      return attributedOf(request, examples, {
        isAll,
        link,
        perFeature,
        shape,
        featureNames: this.options.featureNames,
      });
    });
  }

  /** What hides features of these inputs. `held` is disposed at the end. */
  protected async maskerFor(request: Request, held: Tensor[]): Promise<FeatureMasker> {
    const {inputs} = request;
    const {masker, background, baseline = 0, featureMask} = this.options;
    if (masker !== undefined) return masker;
    const features = await featuresOf(featureMask, inputs);
    if (background !== undefined) {
      const rows = await backgroundFor(background, request);
      held.push(...rows);
      return backgroundMasker(() => rows, features);
    }
    const rows = await baselinesFor(baseline, inputs);
    held.push(...rows);
    return backgroundMasker(example => {
      const row = rows.map(tensor => sliceRows(tensor, example, 1));
      held.push(...row);
      return row;
    }, features);
  }

  private async playAll(
    request: Request,
    {isAll, shape}: Pick<AttributionForm, 'isAll' | 'shape'>,
    play: (game: Game) => Promise<Played>,
  ): Promise<PlayedExample[]> {
    const {model, inputs, targets, dy, signal, count, warn} = request;
    const numbers = inputs.reduce((sum, input) => sum + input.size / input.shape[0], 0);
    const {batchSize = Math.min(CHUNK.most, Math.max(CHUNK.fewest, Math.floor(CHUNK.numbers / numbers)))} =
      this.options;
    const held: Tensor[] = [];
    const examples: PlayedExample[] = [];
    try {
      const masker = await this.maskerFor(request, held);
      for (const [i, target] of targets.entries()) {
        const example = inputs.map(input => sliceRows(input, i, 1));
        held.push(...example);
        const masked = await masker.of(example, i);
        try {
          const reduced = this.partsGroups
            ? {masked, restore: (played: Played) => played}
            : await withoutIdle(masked, shape);
          const game = new Game({
            ...{model, masked: reduced.masked, batchSize, signal, count, warn},
            outputs: dy.shape[1],
            target: isAll ? undefined : target,
            link: this.options.link ?? 'identity',
          });
          const {players} = masked;
          const played = reduced.restore(await play(game), game.columns);
          const {labels, names} = masked;
          const combine = masked.combine && ((values: Float64Array) => masked.combine!(values));
          examples.push({...played, players, labels, names, combine});
        } finally {
          masked.dispose();
        }
      }
      return examples;
    } finally {
      tf.dispose(held);
    }
  }
}
