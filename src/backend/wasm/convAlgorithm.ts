/** Which algorithm computes a convolution and its gradients: chosen by its geometry, so by shapes alone. */
import type {Geometry} from './geometry';
import {winogradApplies} from './winograd';

/**
 * `product`: a matrix of pixels times the filter. `winograd`: a quarter of the multiplications. `patches`: any other.
 */
export type ConvAlgorithm = 'product' | 'winograd' | 'patches';

export function convAlgorithm(geometry: Geometry): ConvAlgorithm {
  if (isProduct(geometry)) return 'product';
  return winogradApplies(geometry) ? 'winograd' : 'patches';
}

/** Whether it is a product of a matrix of pixels: a 1 × 1 filter that sees each once. */
function isProduct({height, width}: Geometry): boolean {
  return [height, width].every(
    ({taps, stride, pad, input, output}) => taps === 1 && stride === 1 && pad === 0 && input === output,
  );
}
