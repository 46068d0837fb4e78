import type {layers} from '@tensorflow/tfjs-layers';
import type {LayersModel} from '@tensorflow/tfjs-layers';

/** Multiply-adds of one example in the forward pass of dense and convolutional layers. */
export function multiplyAdds(model: LayersModel): number {
  return model.layers.reduce((sum, layer) => sum + ofLayer(layer), 0);
}

function ofLayer(layer: layers.Layer): number {
  const kernel = layer.weights.find(weight => weight.originalName.endsWith('kernel'));
  if (kernel === undefined) return 0;
  const [, ...output] = layer.outputShape as number[];
  // All but the channels are places where the kernel is applied.
  const places = output.slice(0, -1).reduce((product, size) => product * size, 1);
  return places * kernel.shape.reduce<number>((product, size) => product * size!, 1);
}
