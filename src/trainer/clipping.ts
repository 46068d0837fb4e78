/**
 * Clipping of a window's gradients, in place of those in the map.
 */
import type {Tensor} from '@tensorflow/tfjs-core';
import {clipByGlobalNorm, clipByNorm, clipByValue} from '../optimizers';
import type {TrainerOptions} from './options';

export type Clipping = Pick<TrainerOptions, 'clipNorm' | 'clipTensorNorm' | 'clipValue'>;

/** Clips by value, then by each tensor's norm, then by the joint norm, as far as options say. Disposes what it replaces. */
export function clipGradients(
  gradients: Map<string, Tensor>,
  {clipNorm, clipTensorNorm, clipValue}: Clipping,
): void {
  const replaceAll = (clipped: readonly Tensor[]): void => {
    [...gradients.keys()].forEach((key, i) => {
      gradients.get(key)!.dispose();
      gradients.set(key, clipped[i]!);
    });
  };
  if (clipValue !== undefined) replaceAll(clipByValue([...gradients.values()], clipValue));
  if (clipTensorNorm !== undefined) replaceAll(clipByNorm([...gradients.values()], clipTensorNorm));
  if (clipNorm !== undefined) {
    const {clipped, norm} = clipByGlobalNorm([...gradients.values()], clipNorm);
    norm.dispose();
    replaceAll(clipped);
  }
}
