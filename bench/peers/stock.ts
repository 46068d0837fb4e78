/**
 * tfjs as it is shipped: `tf.variableGrads` over a LayersModel, and `tf.train.adam`. Nothing of this library may be
 * imported here, since it changes gradients and layers.
 */
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import {labels, workloadNamed} from '../workloads';
import {CLASSES} from '../workloads/data';
import {plainAttention} from '../workloads/selfAttention';
import type {Prepare, Ready, StepJob} from './job';
import {conv, matMul} from './operations';
import {peakBytes} from './peakBytes';

export async function start(backend: 'wasm' | 'cpu'): Promise<Prepare> {
  await tf.setBackend(backend);
  if (tf.getBackend() !== backend) throw new Error(`tfjs's ${backend} backend does not start`);
  return job => {
    switch (job.kind) {
      case 'step':
        return training(job);
      case 'matMul':
        return matMul(job);
      case 'conv':
        return conv(job);
      case 'peakBytes': {
        const loop = training({kind: 'step', workload: job.workload, batch: job.batch});
        return {run: async times => [await peakBytes(() => loop.run(times))], close: () => loop.close()};
      }
      case 'work':
        throw new Error('not measured here');
    }
  };
}

function training(job: StepJob): Ready {
  const workload = workloadNamed(job.workload);
  const batch = job.batch ?? workload.batch;
  const x = workload.input(batch);
  const y = tf.tidy(() => tf.oneHot(labels(batch), CLASSES));
  const model = workload.build(job.width ?? 1, plainAttention);
  const variables = model.trainableWeights.map(weight => weight.read() as tf.Variable);
  const optimizer = tf.train.adam(1e-3);
  const loss = (): tf.Scalar =>
    tf.losses.softmaxCrossEntropy(y, model.apply(x, {training: true}) as tf.Tensor);
  const step = (): number => {
    const begun = performance.now();
    const {value, grads} = tf.variableGrads(loss, variables);
    optimizer.applyGradients(Object.entries(grads).map(([name, tensor]) => ({name, tensor})));
    tf.dispose([value, grads]);
    return performance.now() - begun;
  };
  return {
    run: async times => Array.from({length: times}, step),
    close: () => {
      optimizer.dispose();
      model.dispose();
      tf.dispose([x, y]);
    },
  };
}
