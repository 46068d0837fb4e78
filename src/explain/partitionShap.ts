import {ConfigurationError} from '../core';
import {CoalitionExplainer} from './coalitionExplainer';
import type {CoalitionOptions} from './coalitionExplainer';
import type {Game} from './game';
import type {ExplainableModel} from './model';
import {checkWholeNumber} from './options';
import {playPartition} from './owenValues';
import {partitionTree} from './partitionTree';
import type {Partition, PartitionTree} from './partitionTree';
import type {Played} from './playedValues';

export interface PartitionShapOptions extends CoalitionOptions {
  /** Coalitions to ask for, those of nobody and of everybody among them. Default 500, as in shap. */
  maxEvaluations?: number;
  /**
   * Which features belong together: their numbers in nested groups, `[[0, 1], [2, [3, 4]]]`; features are numbered as in
   * `perFeature`. By default what the input tells:
   * - vectors with a background of three rows or more: columns that are correlated in it (up to 2,048 columns);
   * - sequences, images, volumes: halved across the longest axis, again and again, where each feature is on average;
   * - all else: halved in order. A `masker` can bring its own `partition`.
   */
  partition?: Partition;
}

/**
 * Owen values: Shapley values where features that belong together are parted last (Owen 1977; as shap's
 * PartitionExplainer). Each group's value is shared between its two parts, as they come first or second, with the groups
 * around them there or not; the groups with the largest effects are parted first. They sum up to the score less the mean
 * score of the background.
 *
 * It costs up to `maxEvaluations × background rows` rows for each example, however many features there are: features of
 * a group that was not parted have equal values. Values are exact from `2 (features² + 2) / 3` evaluations on for halves
 * of 2, 4, 8 … features; lopsided hierarchies take more, up to `2^features`.
 *
 * @throws ConfigurationError for an unknown option, too few evaluations, or a partition that does not list each feature
 *   once; ShapeError for a background or feature mask that does not fit.
 *
 * @example
 * const model = layers.sequential({layers: [layers.layers.dense({units: 2, inputShape: [3]})]});
 * const explainer = new PartitionShap(model, {baseline: 0, partition: [[0, 2], 1]});
 * const explanation = await explainer.explain(tf.tensor2d([[1, 2, 3]]), {target: 1});
 * explanation.values; // Float32Array [3]
 */
export class PartitionShap extends CoalitionExplainer<PartitionShapOptions> {
  protected override readonly partsGroups = true;
  private readonly tree: PartitionTree | undefined;

  constructor(model: ExplainableModel, options: PartitionShapOptions = {}) {
    super('PartitionShap', model, options, ['maxEvaluations', 'partition']);
    const {partition} = options;
    checkWholeNumber('PartitionShap', 'maxEvaluations', options.maxEvaluations, 2);
    this.tree = partition === undefined ? undefined : partitionTree(partition);
  }

  protected async play(game: Game): Promise<Played> {
    const {maxEvaluations = 500} = this.options;
    const tree = this.tree ?? partitionTree(await game.partition());
    if (tree.order.length !== game.players) {
      throw new ConfigurationError(
        `The partition lists ${tree.order.length} features, the example has ${game.players}.`,
        {
          hint: `Give the numbers 0 to ${game.players - 1}, each once.`,
          code: 'configuration/partition',
        },
      );
    }
    return playPartition(game, tree, maxEvaluations);
  }
}
