/**
 * The networks that are trained in turn on every peer.
 */
import {caseStudy} from './case';
import {cnn} from './cnn';
import {depthwise} from './depthwise';
import {mlp} from './mlp';
import {gru, lstm} from './recurrent';
import {resnet} from './resnet';
import {transformer} from './transformer';
import type {Workload} from './types';

export {labels} from './data';
export type {Attention, Workload} from './types';

export const workloads: readonly Workload[] = [
  mlp,
  cnn,
  caseStudy,
  resnet,
  depthwise,
  lstm,
  gru,
  transformer,
];

export function workloadNamed(name: string): Workload {
  const found = workloads.find(workload => workload.name === name);
  if (found !== undefined) return found;
  throw new Error(
    `No workload '${name}'. There are: ${workloads.map(workload => workload.name).join(', ')}.`,
  );
}
