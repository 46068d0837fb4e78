/** Activations that a convolution of the engine applies itself. */

/** Codes of kernels/activation.ts. */
const CODES: Readonly<Record<string, number>> = {linear: 0, relu: 1, relu6: 2};

/** The code of an activation, of none if there is no name; undefined if the kernels do not have it. */
export function activationCode(name = 'linear'): number | undefined {
  return CODES[name];
}
