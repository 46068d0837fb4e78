/**
 * cropAndResize: what it gives at the edge of an image, and its gradient for the images. Along an axis, a crop is a matrix times the image, so its
 * gradient is the transposed matrices times the crop's gradient.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {KernelConfig, Tensor, Tensor1D, Tensor2D} from '@tensorflow/tfjs-core';
import {ConfigurationError} from '../../core';
import {gradientConfig} from '../tfjsInternals';
import {hostKernel} from './hostKernel';
import {everyBackend, isOnHost, type HostBackend, type Repair} from './types';

interface CropAttributes {
  readonly method: 'bilinear' | 'nearest';
  readonly cropSize: [number, number];
  readonly extrapolationValue: number;
}

/** By how much a position on the last pixel may be rounded up, as a share of it. */
const ROUNDING = 1e-5;

export const cropAndResize: Repair = {
  id: 'crop-and-resize',
  description:
    'tfjs rounds the positions in a crop such that some, a whole image to half its size among them, lose the last row or column; now they have it.',
  backends: ['wasm', 'cpu'],
  kernels: backend => (isOnHost(backend) ? [cropKernel(backend)] : []),
};

export const cropAndResizeGradient: Repair = {
  id: 'crop-and-resize-gradient',
  description:
    'tfjs has no gradient for image.cropAndResize; it has one for the images now (for the boxes it throws).',
  backends: everyBackend,
  gradients: () => [
    gradientConfig<CropAttributes>({
      kernelName: tf.CropAndResize,
      inputsToSave: ['image', 'boxes', 'boxInd'],
      gradient: (dy, [image, boxes, boxInd], attrs) => ({
        image: () => imageGradient(dy, image!.shape, boxes as Tensor2D, boxInd as Tensor1D, attrs),
        boxes: () => {
          throw new ConfigurationError('image.cropAndResize has no gradient for its boxes.', {
            hint: 'Compute the boxes outside of the function whose gradient is taken.',
          });
        },
      }),
    }),
  ],
};

function imageGradient(
  dy: Tensor,
  [images, height, width, channels]: number[],
  boxes: Tensor2D,
  boxInd: Tensor1D,
  {method, cropSize: [cropHeight, cropWidth]}: CropAttributes,
): Tensor {
  const count = boxes.shape[0];
  const [y1, x1, y2, x2] = tf.split(boxes, 4, 1);
  const rows = samplingMatrix(y1!, y2!, cropHeight, height!, method);
  const columns = samplingMatrix(x1!, x2!, cropWidth, width!, method);
  const byRow = tf.matMul(rows, tf.reshape(dy, [count, cropHeight, cropWidth * channels!]), true);
  const rowsAside = tf.transpose(tf.reshape(byRow, [count, height!, cropWidth, channels!]), [0, 2, 1, 3]);
  const byColumn = tf.matMul(columns, tf.reshape(rowsAside, [count, cropWidth, height! * channels!]), true);
  const crops = tf.transpose(tf.reshape(byColumn, [count, width!, height!, channels!]), [0, 2, 1, 3]);
  return tf.unsortedSegmentSum(crops, boxInd, images!);
}

/** For each box, the [cropSize, size] matrix that samples an axis between two relative positions ([boxes, 1]). */
function samplingMatrix(from: Tensor, to: Tensor, cropSize: number, size: number, method: string): Tensor {
  const last = size - 1;
  const step = cropSize > 1 ? tf.div(tf.mul(tf.sub(to, from), last), cropSize - 1) : tf.zerosLike(from);
  const start = cropSize > 1 ? tf.mul(from, last) : tf.mul(tf.add(from, to), last / 2);
  const exact = tf.add(start, tf.mul(step, tf.reshape(tf.range(0, cropSize), [1, cropSize])));
  // A position on the last pixel may have been rounded up.
  const position = tf.where(tf.lessEqual(exact, last * (1 + ROUNDING)), tf.minimum(exact, last), exact);
  // Outside of the image, a crop holds a constant.
  const inside = tf.cast(
    tf.logicalAnd(tf.greaterEqual(position, 0), tf.lessEqual(position, last)),
    'float32',
  );
  const sampled = method === 'nearest' ? tf.round(position) : position;
  const distance = tf.abs(tf.sub(tf.expandDims(sampled, 2), tf.reshape(tf.range(0, size), [1, 1, size])));
  return tf.mul(tf.relu(tf.sub(1, distance)), tf.expandDims(inside, 2));
}

function cropKernel(backend: HostBackend): KernelConfig {
  return hostKernel<CropAttributes>(tf.CropAndResize, backend, ({image, boxes}, attrs) => {
    const {method, cropSize, extrapolationValue} = attrs;
    const [images, height, width, channels] = image!.shape as [number, number, number, number];
    const [cropHeight, cropWidth] = cropSize;
    const count = boxes!.shape[0]!;
    return {
      shape: [count, cropHeight, cropWidth, channels],
      fill(output, values) {
        const pixels = values['image']!;
        const sides = values['boxes']!;
        for (let box = 0; box < count; box++) {
          const of = values['boxInd']![box]!;
          // tfjs leaves the crops of images that there are not at zero.
          if (of < 0 || of >= images) continue;
          const [y1, x1, y2, x2] = sides.subarray(box * 4, box * 4 + 4);
          const rows = samples(y1!, y2!, cropHeight, height, method);
          const columns = samples(x1!, x2!, cropWidth, width, method);
          let at = box * cropHeight * cropWidth * channels;
          for (const row of rows) {
            for (const column of columns) {
              for (let channel = 0; channel < channels; channel++, at++) {
                if (row === undefined || column === undefined) {
                  output[at] = extrapolationValue;
                  continue;
                }
                const value = (y: number, x: number): number =>
                  pixels[((of * height + y) * width + x) * channels + channel]!;
                const top = between(value(row.low, column.low), value(row.low, column.high), column.share);
                const bottom = between(
                  value(row.high, column.low),
                  value(row.high, column.high),
                  column.share,
                );
                output[at] = between(top, bottom, row.share);
              }
            }
          }
        }
      },
    };
  });
}

const between = (low: number, high: number, share: number): number => low + (high - low) * share;

/** Two pixels, and how far from the first to the second. */
interface Sample {
  readonly low: number;
  readonly high: number;
  readonly share: number;
}

/** What is read along an axis; undefined outside of the image. */
function samples(
  from: number,
  to: number,
  cropSize: number,
  size: number,
  method: string,
): (Sample | undefined)[] {
  const last = size - 1;
  const step = cropSize > 1 ? ((to - from) * last) / (cropSize - 1) : 0;
  const start = cropSize > 1 ? from * last : 0.5 * (from + to) * last;
  return Array.from({length: cropSize}, (_, i) => {
    const exact = start + i * step;
    const position = exact > last && exact <= last * (1 + ROUNDING) ? last : exact;
    if (!(position >= 0 && position <= last)) return undefined;
    if (method === 'nearest') return {low: Math.round(position), high: Math.round(position), share: 0};
    const low = Math.floor(position);
    return {low, high: Math.ceil(position), share: position - low};
  });
}
