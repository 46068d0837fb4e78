/** GPUs that the processor only imitates: SwiftShader, Mesa's llvmpipe and lavapipe, Windows' WARP. */
import {BackendUnavailableError} from '../core';
import type {BackendName} from './types';

const imitations = /swiftshader|llvmpipe|lavapipe|softpipe|basic render/i;

/** Whether what a GPU calls itself is the name of an imitation. */
export function isImitation(name: string): boolean {
  return imitations.test(name);
}

/** What a backend says of a GPU that will not do. */
export function onlyImitated(backend: BackendName, gpu: string): BackendUnavailableError {
  return new BackendUnavailableError(
    `The backend '${backend}' finds no GPU here, only one that the processor imitates (${gpu}).`,
    {hint: "For tests, give the option softwareAdapter: true; to train, 'wasm' is faster here."},
  );
}
