import {afterEach, expect, test} from 'vitest';
import {nodeModule} from '../../../src/backend/wasm/engine/nodeModule';

const original = process.getBuiltinModule;
afterEach(() => {
  process.getBuiltinModule = original;
});

test('Node gives its modules, before 20.16 too', async () => {
  const separator = async () => (await nodeModule<typeof import('node:path').posix>('path'))?.posix.sep;
  expect(await separator()).toBe('/');
  Reflect.deleteProperty(process, 'getBuiltinModule');
  expect(await separator()).toBe('/');
});
