/** Activations that products and convolutions apply on their way to memory, by their codes in kernels/activation.ts. */
const codes: Readonly<Record<string, number>> = {linear: 0, relu: 1, relu6: 2};

/** The code of tfjs's activation, of none if there is no name; undefined for one that needs a pass of its own. */
export function activationCode(name = 'linear'): number | undefined {
  return codes[name];
}
