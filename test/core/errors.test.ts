/** Errors by their names. */
import {fileURLToPath} from 'node:url';
import {build} from 'esbuild';
import {expect, test} from 'vitest';
import * as core from '../../src/core';

const classes = {
  GlassboxError: core.GlassboxError,
  BackendUnavailableError: core.BackendUnavailableError,
  DeviceLostError: core.DeviceLostError,
  OutOfMemoryError: core.OutOfMemoryError,
  ConfigurationError: core.ConfigurationError,
  ShapeError: core.ShapeError,
  DataError: core.DataError,
  UnsupportedLayerError: core.UnsupportedLayerError,
  CheckpointError: core.CheckpointError,
  NonFiniteError: core.NonFiniteError,
};

test('each class of errors is here', () => {
  const found = Object.entries(core).filter(
    ([, value]) => value === core.GlassboxError || isSubclass(value, core.GlassboxError),
  );
  expect(Object.fromEntries(found)).toEqual(classes);
});

test.each(Object.entries(classes))('%s bears its name', (name, Class) => {
  expect(new Class('It fails.').name).toBe(name);
  expect(String(new Class('It fails.'))).toBe(`${name}: It fails.`);
});

test('names outlive a minifier that renames the classes', async () => {
  const result = await build({
    entryPoints: [fileURLToPath(new URL('../../src/core/errors.ts', import.meta.url))],
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
  });
  const {text} = result.outputFiles[0]!;
  const url = `data:text/javascript,${encodeURIComponent(text)}`;
  const minified = (await import(/* @vite-ignore */ url)) as typeof classes;
  expect(minified.ShapeError.name).not.toBe('ShapeError');
  for (const name of Object.keys(classes) as (keyof typeof classes)[]) {
    expect(new minified[name]('It fails.').name).toBe(name);
  }
});

function isSubclass(value: unknown, of: object): boolean {
  return typeof value === 'function' && Object.getPrototypeOf(value) === of;
}
