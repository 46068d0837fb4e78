/**
 * The handling of errors belongs to the program; in a process of its own, since the first start of tfjs's
 * backend is what matters.
 */
import {spawnSync} from 'node:child_process';
import {fileURLToPath} from 'node:url';
import {expect, test} from 'vitest';
import {useBackend} from '../../src/backend';
import {withoutNewListeners} from '../../src/backend/repairs/processListeners';

test.each([
  ['one call', '1'],
  ['two calls at once, of which one start is given up', '2'],
])('a program keeps its own handling of rejections and uncaught errors after %s', (_, calls) => {
  const script = fileURLToPath(new URL('uncaught.ts', import.meta.url));
  const {status, stdout, stderr} = spawnSync(process.execPath, ['--import', 'tsx', script, calls], {
    encoding: 'utf8',
  });
  expect({status, stderr}).toEqual({status: 0, stderr: ''});
  expect(JSON.parse(stdout)).toEqual({counts: [1, 0], early: ['thrown'], late: ['rejected', 'thrown']});
});

test('it is listed as a repair of wasm', async () => {
  const listed = async (name: 'wasm' | 'cpu'): Promise<boolean> =>
    (await useBackend(name)).repairs.some(({id}) => id === 'wasm/process-listeners');
  expect(await listed('cpu')).toBe(false);
  expect(await listed('wasm')).toBe(true);
});

test('listeners that the program adds meanwhile stay, and an error takes those that throw along', async () => {
  const mine = (): void => undefined;
  const throwing = (error: unknown): void => {
    throw error;
  };
  const before = process.listeners('unhandledRejection');
  const start = withoutNewListeners(() => {
    process.on('unhandledRejection', mine);
    process.on('unhandledRejection', throwing);
    return Promise.reject(new Error('no start'));
  });
  try {
    await expect(start).rejects.toThrow('no start');
    expect(process.listeners('unhandledRejection')).toEqual([...before, mine]);
  } finally {
    process.off('unhandledRejection', mine);
    process.off('unhandledRejection', throwing);
  }
});
