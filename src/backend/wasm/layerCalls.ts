/**
 * Layers of tfjs-layers that compute something else than they say, put right on their prototypes: once a program,
 * whoever comes first, and for all backends.
 */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor, Tensor4D} from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import {convolveImages, convolveSequence} from './convLayer';
import type {ConvolutionLayer} from './convLayer';
import {gradientDepth, patchLayer} from './tfjsInternals';

/** What a 2-D convolution layer holds. */
interface ConvLayer extends ConvolutionLayer {
  readonly rank: number;
  readonly depthwiseKernel: layers.LayerVariable;
  readonly kernelSize: [number, number];
  readonly strides: [number, number];
  readonly dilationRate: [number, number];
}

type Call<L> = (this: L, inputs: Tensor | Tensor[], kwargs: object) => Tensor | Tensor[];
type Shape = (number | null)[];
type OutputShape<L> = (this: L, inputShape: Shape | Shape[]) => Shape | Shape[];

const make = layers.layers;

/** Puts the layers right; a second call, also from another copy of glassbox, changes nothing. */
export function repairLayerCalls(): void {
  // tfjs's fused operation computes the gradients of input and filter whether needed or not, and refuses a
  // dilation. While gradients are recorded one of our own is called instead; the numbers are the same.
  patchLayer<ConvLayer, Call<ConvLayer>>(make.conv2d({filters: 1, kernelSize: 1}), 'call', fused => {
    return function (inputs, kwargs) {
      if (gradientDepth() === 0 || this.rank !== 2) return fused.call(this, inputs, kwargs);
      return tf.tidy(() => convolveImages(this, single(inputs)));
    };
  });
  // tfjs has no causal padding: it throws in a call, and takes the output for shorter than it is.
  const conv1d = make.conv1d({filters: 1, kernelSize: 1});
  patchLayer<CausalLayer, Call<CausalLayer>>(conv1d, 'call', plain => {
    return function (inputs, kwargs) {
      return tf.tidy(() => {
        const isCausal = this.padding === 'causal';
        const x = isCausal ? padStart(this, single(inputs)) : single(inputs);
        const layer = isCausal ? paddedAs(this, 'valid') : this;
        return gradientDepth() === 0 ? plain.call(layer, x, kwargs) : convolveSequence(layer, x);
      });
    };
  });
  patchLayer<CausalLayer, OutputShape<CausalLayer>>(conv1d, 'computeOutputShape', plain => {
    return function (inputShape) {
      return plain.call(this.padding === 'causal' ? paddedAs(this, 'same') : this, inputShape);
    };
  });
  // tfjs ignores the dilation of DepthwiseConv2D.
  const depthwise = make.depthwiseConv2d({kernelSize: 1});
  patchLayer<ConvLayer, Call<ConvLayer>>(depthwise, 'call', plain => {
    return function (inputs, kwargs) {
      if (tf.backend_util.tupleValuesAreOne(this.dilationRate)) return plain.call(this, inputs, kwargs);
      return tf.tidy(() => convolveDepthwise(this, single(inputs)));
    };
  });
  patchLayer<ConvLayer, OutputShape<ConvLayer>>(depthwise, 'computeOutputShape', plain => {
    return function (inputShape) {
      const kernelSize = this.kernelSize.map((size, axis) => (size - 1) * this.dilationRate[axis]! + 1);
      return plain.call(Object.create(this, {kernelSize: {value: kernelSize}}) as ConvLayer, inputShape);
    };
  });
  // tfjs hands the list of inputs on as if it were the images, and takes the batch for a side of them.
  const resizing = make.resizing({height: 1, width: 1});
  for (const layer of [resizing, make.randomWidth({factor: 0.5})]) {
    patchLayer<object, Call<object>>(layer, 'call', plain => {
      return function (inputs, kwargs) {
        return plain.call(this, single(inputs), kwargs);
      };
    });
  }
  patchLayer<{height: number; width: number}, OutputShape<{height: number; width: number}>>(
    resizing,
    'computeOutputShape',
    () => {
      return function (inputShape) {
        const shape = (Array.isArray(inputShape[0]) ? inputShape[0] : inputShape) as Shape;
        return [...shape.slice(0, -3), this.height, this.width, shape.at(-1)!];
      };
    },
  );
}

/** What a 1-D convolution layer holds. */
interface CausalLayer extends ConvolutionLayer {
  readonly kernelSize: readonly number[];
}

/** The layer, with the same weights, as if it had been made with another padding. */
function paddedAs(layer: CausalLayer, padding: string): CausalLayer {
  return Object.create(layer, {padding: {value: padding}}) as CausalLayer;
}

/** Zeros before the first step, as many as the filter reaches back, so that no output sees a later step. */
function padStart({kernelSize, dilationRate, dataFormat}: CausalLayer, x: Tensor): Tensor {
  const reach = (kernelSize[0]! - 1) * (typeof dilationRate === 'number' ? dilationRate : dilationRate[0]!);
  const time = dataFormat === 'channelsFirst' ? 2 : 1;
  return tf.pad(
    x,
    [0, 1, 2].map((axis): [number, number] => [axis === time ? reach : 0, 0]),
  );
}

function single(inputs: Tensor | Tensor[]): Tensor4D {
  return (Array.isArray(inputs) ? inputs[0] : inputs) as Tensor4D;
}

function convolveDepthwise(layer: ConvLayer, input: Tensor4D): Tensor {
  const channelsFirst = layer.dataFormat === 'channelsFirst';
  const x = channelsFirst ? tf.transpose(input, [0, 2, 3, 1]) : input;
  const pad = layer.padding === 'same' ? 'same' : 'valid';
  const filter = layer.depthwiseKernel.read() as Tensor4D;
  let y: Tensor = tf.depthwiseConv2d(x, filter, layer.strides, pad, 'NHWC', layer.dilationRate);
  if (layer.bias) y = tf.add(y, layer.bias.read());
  if (channelsFirst) y = tf.transpose(y, [0, 3, 1, 2]);
  return layer.activation ? layer.activation.apply(y) : y;
}
