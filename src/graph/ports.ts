/**
 * The inputs and outputs of a model, described, and the check that what is fed fits.
 */
import type {Tensor} from '@tensorflow/tfjs-core';
import type {LayersModel, SymbolicTensor} from '@tensorflow/tfjs-layers';
import {DataError, ShapeError} from '../core';
import {finalActivation} from './activation';
import {symbolicPorts} from './tfjsInternals';
import type {OutputPort, Port} from './types';

export function inputPorts(model: LayersModel): Port[] {
  return named(symbolicPorts(model).inputs, describe);
}

export function outputPorts(model: LayersModel): OutputPort[] {
  return named(symbolicPorts(model).outputs, (tensor, name) => {
    const {activation, layer} = finalActivation(tensor);
    return {...describe(tensor, name), layer: tensor.sourceLayer, activation, activationLayer: layer};
  });
}

function describe(tensor: SymbolicTensor, name: string): Port {
  return {name, shape: [...tensor.shape], dtype: tensor.dtype};
}

/** A port is called after its layer; a layer with several outputs gets `name`, `name_1` … */
function named<P>(
  tensors: readonly SymbolicTensor[],
  make: (tensor: SymbolicTensor, name: string) => P,
): P[] {
  const taken = new Set(tensors.map(tensor => tensor.sourceLayer.name));
  const used = new Set<string>();
  return tensors.map(tensor => {
    const base = tensor.sourceLayer.name;
    let name = base;
    for (let i = 1; used.has(name) || (name !== base && taken.has(name)); i++) name = `${base}_${i}`;
    used.add(name);
    return make(tensor, name);
  });
}

/** Refuses inputs that do not fit the model's. */
export function checkInputs(ports: readonly Port[], inputs: readonly Tensor[]): void {
  if (inputs.length !== ports.length) {
    const names = ports.map(port => `'${port.name}'`).join(', ');
    throw new DataError(`The model has ${ports.length} inputs (${names}), but was given ${inputs.length}.`, {
      hint: 'Give one tensor for each input, in that order.',
    });
  }
  for (let i = 0; i < ports.length; i++) {
    const {name, shape} = ports[i]!;
    const found = inputs[i]!.shape;
    if (found.length !== shape.length || shape.some((size, axis) => size !== null && size !== found[axis])) {
      throw new ShapeError(
        `Input '${name}' expects shape [${shape.map(size => size ?? 'any').join(', ')}], but was given ` +
          `[${found.join(', ')}].`,
        {hint: 'The first size is the batch; reshape the data or change the inputShape of the model.'},
      );
    }
  }
}
