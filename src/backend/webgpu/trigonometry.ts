/** Sine, cosine and tangent with all digits of a float32, as for WebGL (see there). */
import * as tf from '@tensorflow/tfjs-core';
import type {KernelConfig} from '@tensorflow/tfjs-core';
import type {RepairContext} from '../repairs/types';
import {withProgramText} from './tfjsInternals';

/** The sine of `a` from a turn of `offset` halves on, as statements that leave it in `name`. */
const sine = (name: string, offset: number): string => `
  let ${name}K = floor(a * 0.31830988618 + ${0.5 - offset});
  let ${name}T = ${name}K + ${offset.toFixed(1)};
  let ${name}R = ((a - ${name}T * 3.140625) - ${name}T * 9.6750259399e-4) - ${name}T * 1.509957990979e-7;
  let ${name}S = ${name}R * ${name}R;
  let ${name}Y = ${name}R + ${name}R * ${name}S * (-0.16666667 + ${name}S * (0.0083333333 + ${name}S * (-1.9841270e-4 + ${name}S * (2.7557319e-6 - ${name}S * 2.5052108e-8))));
  let ${name} = select(-${name}Y, ${name}Y, ${name}K == 2.0 * floor(${name}K * 0.5));`;

export function trigonometry({current}: RepairContext): KernelConfig[] {
  return [
    replaced(
      current(tf.Sin)!,
      'return sin(a);',
      `${sine('s', 0)} if (abs(a) < 1e5) { return s; } return sin(a);`,
    ),
    replaced(
      current(tf.Cos)!,
      'return cos(a);',
      `${sine('c', 0.5)} if (abs(a) < 1e5) { return -c; } return cos(a);`,
    ),
    replaced(
      current(tf.Tan)!,
      'return tan(a);',
      `${sine('s', 0)} ${sine('c', 0.5)} if (abs(a) < 1e5) { return -s / c; } return tan(a);`,
    ),
  ];
}

function replaced(kernel: KernelConfig, found: string, instead: string): KernelConfig {
  return withProgramText(kernel, text => text.replaceAll(found, instead));
}
