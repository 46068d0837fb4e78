/**
 * WebGPU in Node for tests: by Dawn, on a GPU or on one that the processor imitates (SwiftShader, which Debian's
 * chromium brings along).
 */
import {existsSync} from 'node:fs';
import {useBackend} from '../../src/backend';
import type {Backend} from '../../src/backend';
import '../../src/backend/webgpu';

const swiftShader = '/usr/lib/chromium/vk_swiftshader_icd.json';
if (existsSync(swiftShader)) process.env['VK_ICD_FILENAMES'] ??= swiftShader;
process.env['XDG_RUNTIME_DIR'] ??= '/tmp';

export const useWebgpu = (): Promise<Backend> => useBackend('webgpu', {softwareAdapter: true});

/** Why WebGPU does not run here; undefined where it does. */
export const missing = await useWebgpu().then(
  () => undefined,
  (error: unknown) => String(error),
);
if (missing !== undefined) {
  const message = `WebGPU in Node was not tested: ${missing} On Debian: apt-get install libvulkan1 chromium.`;
  // Where everything is installed, it is not left out unnoticed.
  if (process.env['CI'] !== undefined) throw new Error(message);
  process.stderr.write(`${message}\n`);
}
