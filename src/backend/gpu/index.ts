/** What tfjs computes wrong on both GPU backends: it comes with each of them, not with the root entry. */
import type {Repair} from '../repairs/types';
import {bincount} from './bincount';
import {categoryEncoding} from './categoryEncoding';
import {inverseHyperbolicSine, logarithmOfOnePlus} from './elementwise';
import {emptyProducts} from './emptyProducts';
import {highRanks} from './highRanks';
import {topKOfOne} from './topK';

export const gpuRepairs: readonly Repair[] = [
  bincount,
  categoryEncoding,
  logarithmOfOnePlus,
  inverseHyperbolicSine,
  topKOfOne,
  emptyProducts,
  highRanks,
];
