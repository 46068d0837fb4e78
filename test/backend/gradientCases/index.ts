/**
 * Differentiable functions of tfjs, each with inputs at which it is smooth.
 */
import {elementwise} from './elementwise';
import {highRanks} from './highRanks';
import {indexing} from './indexing';
import {layout} from './layout';
import {products} from './products';
import {windows} from './windows';
import type {GradientCase} from './types';

export type {GradientCase};

export const gradientCases: readonly GradientCase[] = [
  ...elementwise,
  ...products,
  ...windows,
  ...indexing,
  ...layout,
  ...highRanks,
];
