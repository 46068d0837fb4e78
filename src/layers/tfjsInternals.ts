/**
 * The border with tfjs-layers: what a layer of ours needs of it and it does not export. Checked against
 * tfjs-layers 4.22.0.
 */
import type {Tensor, serialization} from '@tensorflow/tfjs-core';
import {layers} from '@tensorflow/tfjs-layers';
import type {constraints, initializers, regularizers} from '@tensorflow/tfjs-layers';

export type LayerArgs = NonNullable<ConstructorParameters<typeof layers.Layer>[0]>;
export type DenseArgs = Parameters<typeof layers.dense>[0];
export type Initializer = ReturnType<typeof initializers.zeros>;
export type Regularizer = ReturnType<typeof regularizers.l2>;
export type Constraint = ReturnType<typeof constraints.nonNeg>;

/** How the weights of a layer are made and kept: by name, by object or as read from JSON. */
export type WeightOptions = Pick<
  DenseArgs,
  | 'kernelInitializer'
  | 'biasInitializer'
  | 'kernelRegularizer'
  | 'biasRegularizer'
  | 'kernelConstraint'
  | 'biasConstraint'
>;

export const WEIGHT_OPTIONS = [
  'kernelInitializer',
  'biasInitializer',
  'kernelRegularizer',
  'biasRegularizer',
  'kernelConstraint',
  'biasConstraint',
] as const satisfies readonly (keyof WeightOptions)[];

/** What `WeightOptions` stand for. */
export interface WeightSettings {
  readonly kernelInitializer: Initializer;
  readonly biasInitializer: Initializer;
  readonly kernelRegularizer: Regularizer | undefined;
  readonly biasRegularizer: Regularizer | undefined;
  readonly kernelConstraint: Constraint | undefined;
  readonly biasConstraint: Constraint | undefined;
  /** The six options in the form that goes into JSON. */
  readonly config: Record<keyof WeightOptions, ConfigValue>;
}

type ConfigValue = serialization.ConfigDictValue;

/** tfjs reads initializers and their like by functions that it keeps to itself: so a layer that is dropped reads them. */
export function weightSettings(options: WeightOptions): WeightSettings {
  const chosen = pick(options);
  const dense = layers.dense({...chosen, units: 1, name: 'settings'});
  return {
    ...pick(dense as unknown as Omit<WeightSettings, 'config'>),
    config: pick(dense.getConfig() as Record<keyof WeightOptions, ConfigValue>),
  };
}

function pick<T extends {[Name in keyof WeightOptions]?: unknown}>(
  from: T,
): Pick<T, keyof WeightOptions & keyof T> {
  return Object.fromEntries(WEIGHT_OPTIONS.map(name => [name, from[name]])) as Pick<
    T,
    keyof WeightOptions & keyof T
  >;
}

/** The mask that tfjs leaves on what an embedding or a masking layer made. */
export function keptMask(tensor: Tensor): Tensor | null {
  return (tensor as Tensor & {kerasMask?: Tensor}).kerasMask ?? null;
}

/** A list of masks as tfjs types it, which knows no null. */
export function maskList(masks: readonly (Tensor | null)[]): Tensor[] {
  return masks as Tensor[];
}
