/**
 * Looks at the values of data on the host: NaN where nobody wants it, targets that a loss cannot mean.
 */
import type {Tensor} from '@tensorflow/tfjs-core';
import {DataError} from '../core';
import {disposeBatch, prepareBatch, prepareTargets} from './batches';
import type {BatchPorts, PreparedBatch} from './batches';
import type {Objective} from './objective';
import type {ArrayData, TrainingData} from './options';
import {arraysToDataset, targetsDataset} from './source';
import type {SourceOptions} from './source';
import type {TrainerCore} from './trainerCore';

/** Samples looked at together. */
const LOOK_BATCH = 256;

/**
 * Checks the targets of a batch against the losses. Waits for the device.
 *
 * @throws DataError or ShapeError naming the output.
 */
export async function checkTargets(batch: PreparedBatch, objective: Objective | undefined): Promise<void> {
  for (const {output, port, loss} of objective?.terms ?? []) {
    const target = batch.ys[output];
    if (target === undefined) {
      throw new DataError(`Output '${port.name}' has a loss, but the data has no target for it.`, {
        hint: 'Give [x, y].',
      });
    }
    loss.checkTargets(await target.data<'float32'>(), target.shape, port);
  }
}

/** @throws DataError for NaN or infinity in an input, target or sample weight. */
export async function checkFinite(batch: PreparedBatch, ports: BatchPorts | undefined): Promise<void> {
  const look = async (tensor: Tensor | undefined, what: string): Promise<void> => {
    if (tensor === undefined || tensor.dtype !== 'float32') return;
    const values = await tensor.data<'float32'>();
    const at = values.findIndex(value => !Number.isFinite(value));
    if (at < 0) return;
    const sample = Math.floor(at / (tensor.size / tensor.shape[0]));
    throw new DataError(`${what} holds ${values[at]} in sample ${sample} of a batch.`, {
      hint: 'Clean the data, or mask what is missing.',
      code: 'data/not-finite',
    });
  };
  for (const [i, x] of batch.xs.entries()) await look(x, `Input '${ports?.inputs[i]?.name ?? i}'`);
  for (const [i, y] of batch.ys.entries()) await look(y, `The target of '${ports?.outputs[i]?.name ?? i}'`);
  for (const weight of batch.sampleWeights) await look(weight, 'The sample weight');
}

/**
 * Looks over arrays before training: all targets, and all values where asked. Resolves with whether it could; other
 * data is looked at batch by batch.
 *
 * @throws DataError or ShapeError
 */
export async function checkArrayData(
  data: TrainingData,
  core: TrainerCore,
  options: SourceOptions,
): Promise<boolean> {
  if (!Array.isArray(data)) return false;
  const {ports, objective} = core;
  const whole = core.options.checkData === true;
  const y: ArrayData | undefined = (data as readonly ArrayData[])[1];
  if (!whole && y === undefined) return false;
  // Inputs are large: unless asked, only the targets are looked at.
  const dataset = whole ? arraysToDataset(data, options) : targetsDataset(y!, ports);
  for await (const element of dataset.batch(LOOK_BATCH)) {
    const batch = whole ? prepareBatch(element, ports) : prepareTargets(element, ports);
    try {
      await checkTargets(batch, objective);
      if (whole) await checkFinite(batch, ports);
    } finally {
      disposeBatch(batch);
    }
  }
  return true;
}
