/** What is explained, by which of our explainers; peer.py has the same cases by the same names. */
import {
  DeepShap,
  FeatureAblation,
  GradCam,
  GradientShap,
  IntegratedGradients,
  KernelShap,
  Occlusion,
  PartitionShap,
  Saliency,
  Shapley,
  SmoothGrad,
} from 'glassbox/explain';
import type {Explainer} from 'glassbox/explain';
import type {Network, NetworkName} from './networks';

export interface ExplainCase {
  readonly name: string;
  /** What it is, for the reader. */
  readonly what: string;
  readonly network: NetworkName;
  /** Whether the method draws: then two programs agree only as far as their draws do. */
  readonly draws?: true;
  readonly explainer: (network: Network) => Explainer;
}

export const cases: readonly ExplainCase[] = [
  {
    name: 'kernelShap',
    what: 'KernelSHAP, 2,048 coalitions × 30 features × 100 rows, mlp',
    network: 'mlp',
    draws: true,
    explainer: ({model, background}) => new KernelShap(model, {background, samples: 2048}),
  },
  {
    name: 'exactShapley',
    what: 'exact Shapley values, 10 features, 100 rows, small mlp',
    network: 'small',
    explainer: ({model, background}) => new Shapley(model, {background, method: 'exact'}),
  },
  {
    name: 'partitionShap',
    what: 'Partition SHAP, 500 coalitions, 30 features, 100 rows, mlp',
    network: 'mlp',
    draws: true,
    explainer: ({model, background}) => new PartitionShap(model, {background, maxEvaluations: 500}),
  },
  {
    name: 'integratedGradients',
    what: 'Integrated Gradients, 50 steps, cnn',
    network: 'cnn',
    explainer: ({model}) => new IntegratedGradients(model, {steps: 50}),
  },
  {
    name: 'saliency',
    what: 'Saliency, cnn',
    network: 'cnn',
    explainer: ({model}) => new Saliency(model),
  },
  {
    name: 'smoothGrad',
    what: 'SmoothGrad, 50 samples, cnn',
    network: 'cnn',
    draws: true,
    explainer: ({model}) =>
      new SmoothGrad(new Saliency(model, {absolute: false}), {samples: 50, noise: {absolute: 0.1}}),
  },
  {
    name: 'gradientShap',
    what: 'GradientSHAP, 200 samples, cnn',
    network: 'cnn',
    draws: true,
    explainer: ({model, background}) => new GradientShap(model, {background, samples: 200}),
  },
  {
    name: 'deepShap',
    what: 'DeepSHAP, 100 rows, mlp',
    network: 'mlp',
    explainer: ({model, background}) => new DeepShap(model, {background}),
  },
  {
    name: 'gradCam',
    what: 'Grad-CAM at the last convolution, cnn',
    network: 'cnn',
    explainer: ({model}) => new GradCam(model, {upsample: false}),
  },
  {
    name: 'occlusion',
    what: 'Occlusion, window 3 × 3, cnn',
    network: 'cnn',
    explainer: ({model}) => new Occlusion(model, {window: [3, 3, 3]}),
  },
  {
    name: 'featureAblation',
    what: 'feature ablation, mlp',
    network: 'mlp',
    explainer: ({model}) => new FeatureAblation(model),
  },
];
