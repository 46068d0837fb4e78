/**
 * The gradient of cropAndResize for its images. Along an axis, a crop is a matrix times the image, so its
 * gradient is the transposed matrices times the crop's gradient.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor, Tensor1D, Tensor2D} from '@tensorflow/tfjs-core';
import {ConfigurationError} from '../../core';
import {gradientConfig} from '../tfjsInternals';
import {everyBackend, type Repair} from './types';

interface CropAttributes {
  readonly method: 'bilinear' | 'nearest';
  readonly cropSize: [number, number];
}

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
  const position = tf.add(start, tf.mul(step, tf.reshape(tf.range(0, cropSize), [1, cropSize])));
  // Outside of the image, a crop holds a constant.
  const inside = tf.cast(
    tf.logicalAnd(tf.greaterEqual(position, 0), tf.lessEqual(position, last)),
    'float32',
  );
  const sampled = method === 'nearest' ? tf.round(position) : position;
  const distance = tf.abs(tf.sub(tf.expandDims(sampled, 2), tf.reshape(tf.range(0, size), [1, 1, size])));
  return tf.mul(tf.relu(tf.sub(1, distance)), tf.expandDims(inside, 2));
}
