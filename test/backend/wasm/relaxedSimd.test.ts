/** Fused products and sums, in processes of their own: Node 20 has them behind a flag. */
import {spawnSync} from 'node:child_process';
import {fileURLToPath} from 'node:url';
import {expect, test} from 'vitest';
import {useBackend} from '../../../src/backend';
import {hasRelaxedSimd} from '../../../src/backend/wasm/engine/kernelModule';

test('they are off unless asked for', async () => {
  expect((await useBackend('wasm')).engine).toEqual({running: true, relaxedSimd: false});
});

const isThere = await hasRelaxedSimd();

test.skipIf(isThere)('where the runtime has none, asking for them is an error', async () => {
  const failure = useBackend('wasm', {relaxedSimd: true});
  await expect(failure).rejects.toMatchObject({name: 'BackendUnavailableError'});
  await expect(failure).rejects.toThrow('node --experimental-wasm-relaxed-simd');
  await expect(useBackend('cpu', {relaxedSimd: true})).rejects.toThrow("on the backend 'cpu'");
});

test('where it has them, results agree to rounding, on one thread as on three', () => {
  const script = fileURLToPath(new URL('threadedProgram.ts', import.meta.url));
  const {status, stdout, stderr} = spawnSync(
    process.execPath,
    [...(isThere ? [] : ['--experimental-wasm-relaxed-simd']), '--import', 'tsx', script, 'relaxed'],
    {encoding: 'utf8', timeout: 20_000},
  );
  expect({status, stdout, stderr}).toEqual({status: 0, stdout: 'done\n', stderr: ''});
});
