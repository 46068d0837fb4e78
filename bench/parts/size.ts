import {existsSync} from 'node:fs';
import {gzipSync, inflateRawSync} from 'node:zlib';
import {short, table} from '../markdown';
import type {Part, PartResult} from './part';

const GENERATED = new URL('../../src/backend/wasm/engine/kernels.generated.ts', import.meta.url);

/** How much the kernels add to a download, compressed. */
export const sizePart: Part = {
  name: 'size',
  async run(): Promise<PartResult> {
    if (!existsSync(GENERATED)) return {markdown: 'The kernels are not compiled.', details: {}, figures: {}};
    const modules = (await import(GENERATED.href)) as Record<'plainModule' | 'relaxedModule', string>;
    const kB = (text: string): number => gzipSync(text, {level: 9}).length / 1000;
    const rows = [
      {name: 'kernels', embedded: modules.plainModule},
      {name: 'kernels with relaxed SIMD', embedded: modules.relaxedModule},
    ].map(({name, embedded}) => {
      const binary = inflateRawSync(Buffer.from(embedded, 'base64'));
      return {
        name,
        binary: binary.length / 1000,
        gzip: gzipSync(binary, {level: 9}).length / 1000,
        embedded: kB(embedded),
      };
    });
    const both = kB(modules.plainModule + modules.relaxedModule);
    return {
      markdown: `${table(
        ['kB', 'WebAssembly', 'gzip', 'as shipped, gzip'],
        rows.map(({name, binary, gzip, embedded}) => [name, short(binary), short(gzip), short(embedded)]),
      )}\n\nBoth, deflated and in base64, as they are shipped: ${short(both)} kB gzip.`,
      details: {rows, both},
      figures: {'size/gzip': Math.max(...rows.map(({gzip}) => gzip)), 'size/shipped': both},
    };
  },
};
