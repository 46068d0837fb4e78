import * as fs from 'node:fs/promises';
import {dirname, join, resolve} from 'node:path';
import type {io} from '@tensorflow/tfjs-core';
import {CheckpointError} from '../core';

const TOPOLOGY = 'model.json';
const WEIGHTS = 'weights.bin';

/**
 * Saves and loads tfjs models in a folder: `model.json` and `weights.bin`, the files that tfjs in a page loads from a
 * URL too. What tfjs-node's `file://` does, without tfjs-node. The weights are written before the file that names them.
 *
 * @param path The folder (made when saving), or the `model.json` in it when loading.
 * @returns a handler for `model.save` and `loadLayersModel`
 * @throws CheckpointError when there is no model
 *
 * @example
 * import {mkdtempSync} from 'node:fs';
 * import {fileSystem} from 'glassbox/node';
 * const folder = mkdtempSync('/tmp/glassbox-');
 * const model = layers.sequential({layers: [layers.layers.dense({units: 1, inputShape: [2]})]});
 * await model.save(fileSystem(folder));
 * (await layers.loadLayersModel(fileSystem(folder))).countParams(); // 3
 */
export function fileSystem(path: string): io.IOHandler {
  const folder = resolve(path.endsWith('.json') ? dirname(path) : path);
  return {save: artifacts => save(folder, artifacts), load: () => load(folder)};
}

async function save(folder: string, artifacts: io.ModelArtifacts): Promise<io.SaveResult> {
  const {weightData, weightSpecs = [], ...topology} = artifacts;
  const bytes = joined(weightData);
  const manifest = [{paths: [`./${WEIGHTS}`], weights: weightSpecs}];
  const json = JSON.stringify({...topology, weightsManifest: manifest});
  await fs.mkdir(folder, {recursive: true});
  await replaceFile(join(folder, WEIGHTS), bytes);
  await replaceFile(join(folder, TOPOLOGY), Buffer.from(json));
  return {
    modelArtifactsInfo: {
      dateSaved: new Date(),
      modelTopologyType: 'JSON',
      modelTopologyBytes: Buffer.byteLength(JSON.stringify(topology.modelTopology ?? null)),
      weightSpecsBytes: Buffer.byteLength(JSON.stringify(weightSpecs)),
      weightDataBytes: bytes.byteLength,
    },
  };
}

async function load(folder: string): Promise<io.ModelArtifacts> {
  const {weightsManifest, ...topology} = JSON.parse(
    String(await read(join(folder, TOPOLOGY))),
  ) as io.ModelJSON;
  const files = weightsManifest.flatMap(group => group.paths);
  const bytes = Buffer.concat(await Promise.all(files.map(file => read(join(folder, file)))));
  const weightSpecs = weightsManifest.flatMap(group => group.weights);
  return {...topology, weightSpecs, weightData: new Uint8Array(bytes).buffer};
}

async function read(file: string): Promise<Buffer> {
  try {
    return await fs.readFile(file);
  } catch (cause) {
    throw new CheckpointError(`There is no model at '${file}'.`, {
      hint: `Name a folder with ${TOPOLOGY} and ${WEIGHTS}.`,
      code: 'checkpoint/missing',
      cause,
    });
  }
}

/** Writes beside the file and renames, so that a crash leaves the old file or the new one. */
async function replaceFile(file: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${file}.${process.pid}.tmp`;
  await fs.writeFile(temporary, bytes);
  await fs.rename(temporary, file);
}

function joined(weightData: io.WeightData | undefined): Uint8Array {
  const parts = weightData === undefined ? [] : Array.isArray(weightData) ? weightData : [weightData];
  return Buffer.concat(parts.map(part => new Uint8Array(part)));
}
