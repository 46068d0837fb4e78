/** Choosing among the backends that a program imported; those here are stand-ins on tfjs's CPU backend. */
import {availableParallelism} from 'node:os';
import util from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import {afterEach, beforeEach, describe, expect, test, vi} from 'vitest';
import type {BackendLoader} from '../../src/backend/loaders';
import {forgetBackend, makeActive} from '../../src/backend/tfjsInternals';

type Backends = typeof import('../../src/backend');

let backends: Backends;
let registerLoader: (name: 'webgl' | 'webgpu' | 'node', loader: BackendLoader) => void;

beforeEach(async () => {
  vi.resetModules();
  backends = await import('../../src/backend');
  ({registerLoader} = await import('../../src/backend/loaders'));
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

/** A loader whose backend runs, on tfjs's CPU instance. */
function running(): BackendLoader {
  return {
    tfjsName: 'cpu',
    load: async () => {
      await tf.setBackend('cpu');
      return tf.backend();
    },
    threads: () => 1,
  };
}

/** A loader whose backend cannot run. */
function failing(why: string): BackendLoader {
  return {
    ...running(),
    load: async () => {
      const {BackendUnavailableError: Unavailable} = await import('../../src/core');
      throw new Unavailable(why, {hint: 'Do something.'});
    },
  };
}

describe('by name', () => {
  test.each([
    ['webgpu', 'in Node'],
    ['node', 'in Node'],
    ['webgl', 'in a page'],
    ['webgpu', 'in a page'],
  ] as const)(
    '%s is an error with the line that imports it until it is imported, %s',
    async (name, place) => {
      if (place === 'in a page') vi.stubGlobal('document', {});
      const failure = await backends.useBackend(name).catch((error: unknown) => error as Error);
      expect(failure).toMatchObject({name: 'BackendUnavailableError', code: 'backend/not-imported'});
      expect((failure as Error).message).toContain(`import 'glassbox/backend/${name}'`);
      expect((failure as Error).message).toMatch(/install @tensorflow\/tfjs-\S+@4\.22\.0/);
      if (place === 'in a page') expect((failure as Error).message).toContain(`load './glassbox.${name}.js'`);
    },
  );

  test('what runs elsewhere only says where', async () => {
    await expect(backends.useBackend('webgl')).rejects.toThrow(/in Node, choose 'wasm'/);
    vi.stubGlobal('document', {});
    await expect(backends.useBackend('node')).rejects.toThrow(/in a page, choose 'webgpu'/);
  });

  test('an imported backend runs under a name of its own, with what is wrong everywhere put right', async () => {
    registerLoader('node', running());
    const backend = await backends.useBackend('node');
    expect(backend.name).toBe('node');
    expect(backend.tfjsName).toMatch(/^glassbox-node@/);
    expect(tf.getBackend()).toBe(backend.tfjsName);
    expect(backend.tried).toEqual([]);
    expect(backend.engine.running).toBe(false);
    expect(backend.repairs.map(({id}) => id)).toContain('einsum-gradient');
  });

  test('an explicit choice never falls back', async () => {
    registerLoader('webgpu', failing('There is no GPU.'));
    await expect(backends.useBackend('webgpu')).rejects.toThrow('There is no GPU. Do something.');
  });
});

describe('auto', () => {
  test('in Node takes node, then webgpu, wasm and cpu, and says why it went on', async () => {
    registerLoader('webgl', failing('No page.'));
    registerLoader('webgpu', failing('There is no GPU.'));
    registerLoader('node', failing('There is no binary.'));
    const backend = await backends.useBackend('auto');
    expect(backend.name).toBe('wasm');
    expect(backend.tried).toEqual([
      {name: 'node', reason: 'There is no binary.', hint: 'Do something.'},
      {name: 'webgpu', reason: 'There is no GPU.', hint: 'Do something.'},
    ]);
  });

  test('in a page takes webgpu, then webgl, wasm and cpu', async () => {
    vi.stubGlobal('document', {});
    registerLoader('webgpu', failing('There is no GPU.'));
    registerLoader('webgl', running());
    registerLoader('node', running());
    const backend = await backends.useBackend('auto');
    expect(backend.name).toBe('webgl');
    expect(backend.tried.map(({name}) => name)).toEqual(['webgpu']);
  });

  test('with nothing imported is wasm, with nothing tried before', async () => {
    const {name, tried} = await backends.useBackend('auto');
    expect([name, tried]).toEqual(['wasm', []]);
  });

  test('goes on where the first cannot have what is insisted on', async () => {
    const load = vi.fn(running().load);
    registerLoader('node', {...running(), load});
    const backend = await backends.useBackend('auto', {threads: 2});
    // A GPU that was started would keep its device.
    expect(load).not.toHaveBeenCalled();
    expect([backend.name, backend.threads]).toEqual(['wasm', 2]);
    expect(backend.tried[0]).toMatchObject({name: 'node'});
    expect(backend.tried[0]!.reason).toContain('Threads');
  });

  test('tells the loader that it was not chosen by name', async () => {
    const load = vi.fn(running().load);
    registerLoader('node', {...running(), load});
    await backends.useBackend('auto', {softwareAdapter: true});
    await backends.useBackend('node');
    expect(load.mock.calls).toEqual([
      [{softwareAdapter: true}, true],
      [{}, false],
    ]);
  });

  test('does not take a mistake in the call for a reason to go on', async () => {
    const {ConfigurationError: Mistake} = await import('../../src/core');
    registerLoader('node', {
      ...running(),
      load: async () => {
        throw new Mistake('A wrong option.');
      },
    });
    await expect(backends.useBackend('auto')).rejects.toThrow('A wrong option.');
  });
});

describe('what Node lacks', () => {
  test('webgl says that it needs a page', async () => {
    await import('../../src/backend/webgl');
    await expect(backends.useBackend('webgl')).rejects.toThrow(
      "The backend 'webgl' runs in pages only, and their workers: there is no canvas here.",
    );
  });
});

describe('tfjs-node', () => {
  /** What the import of the package ends in. */
  async function importing(importPackage: () => Promise<object>): Promise<void> {
    const {loaderOfNode} = await import('../../src/backend/node/loader');
    registerLoader('node', loaderOfNode(importPackage));
  }

  test('is not installed here: the message has the command', async () => {
    await import('../../src/backend/node');
    const failure = backends.useBackend('node');
    await expect(failure).rejects.toMatchObject({code: 'backend/not-installed'});
    await expect(failure).rejects.toThrow('npm install @tensorflow/tfjs-node@4.22.0');
  });

  test('without its native binding is told from not being installed', async () => {
    await importing(async () => {
      throw new Error(
        'The Node.js native addon module (tfjs_binding.node) can not be found at path: /x/lib/napi-v8/tfjs_binding.node.',
      );
    });
    const failure = backends.useBackend('node');
    await expect(failure).rejects.toMatchObject({code: 'backend/no-binding'});
    await expect(failure).rejects.toThrow('npm rebuild @tensorflow/tfjs-node --build-addon-from-source');
  });

  test('that lacks something else says what', async () => {
    await importing(async () => {
      throw Object.assign(new Error("Cannot find module 'rimraf'"), {code: 'MODULE_NOT_FOUND'});
    });
    await expect(backends.useBackend('node')).rejects.toThrow(
      "failed to import (Cannot find module 'rimraf')",
    );
  });

  describe('on a Node without util.isNullOrUndefined, as from 23 on', () => {
    const module = util as {isNullOrUndefined?: (value: unknown) => boolean};
    const own = module.isNullOrUndefined;

    beforeEach(() => {
      delete module.isNullOrUndefined;
    });

    afterEach(() => {
      if (own !== undefined) module.isNullOrUndefined = own;
    });

    test('finds it again', async () => {
      let answers: boolean[] = [];
      await importing(async () => {
        answers = [undefined, null, 0].map(value => module.isNullOrUndefined!(value));
        throw new Error('enough');
      });
      await expect(backends.useBackend('node')).rejects.toThrow('enough');
      expect(answers).toEqual([true, true, false]);
    });

    test('leaves the module as it is where it is not installed', async () => {
      await import('../../src/backend/node');
      expect((await backends.useBackend('auto')).name).toBe('wasm');
      expect(module.isNullOrUndefined).toBeUndefined();
    });
  });

  describe('when its import makes it the active backend', () => {
    /** As the package does; `start` is how its instance is made. */
    const asPackage = (start: () => tf.KernelBackend) => async (): Promise<object> => {
      tf.registerBackend('tensorflow', start, 3);
      tf.copyRegisteredKernels('cpu', 'tensorflow');
      await tf.setBackend('tensorflow');
      return {};
    };

    afterEach(async () => {
      await backends.useBackend('wasm');
      forgetBackend('tensorflow');
    });

    test('runs, on as many threads as the machine does', async () => {
      await importing(asPackage(() => tf.findBackend('cpu')));
      const backend = await backends.useBackend('node');
      expect([backend.name, tf.getBackend()]).toEqual(['node', backend.tfjsName]);
      expect(backend.threads).toBe(availableParallelism());
    });

    test('is not left active where it cannot start', async () => {
      vi.spyOn(console, 'warn').mockImplementation(() => undefined);
      const {tfjsName} = await backends.useBackend('wasm');
      await importing(
        asPackage(() => {
          throw new Error('There is no libtensorflow.');
        }),
      );
      await expect(backends.useBackend('node')).rejects.toThrow('There is no libtensorflow');
      expect(tf.getBackend()).toBe(tfjsName);
    });

    test('is not left active where none was before', async () => {
      vi.spyOn(console, 'warn').mockImplementation(() => undefined);
      await makeActive(undefined);
      await importing(
        asPackage(() => {
          throw new Error('There is no libtensorflow.');
        }),
      );
      await expect(backends.useBackend('node')).rejects.toThrow('There is no libtensorflow');
      expect(tf.getBackend()).toBeFalsy();
    });
  });
});
