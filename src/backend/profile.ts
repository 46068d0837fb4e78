/** Where the time of a piece of training goes, kernel by kernel. */
import * as tf from '@tensorflow/tfjs-core';
import type {KernelConfig, TensorInfo} from '@tensorflow/tfjs-core';
import {asGiven, ConfigurationError} from '../core';
import {stockCallsOn, type StockCalls} from './stockCalls';
import {kernelInputs} from './tfjsInternals';
import type {Engine} from './wasm/engine';

/**
 * What computed a kernel's calls: `'engine'`, glassbox's own kernels; `'tfjs'`, the kernel of tfjs's backend, also
 * where the engine handed a small call over; `'javascript'`, other kernels put together or plain JavaScript, and
 * whatever lies between kernels.
 */
export type KernelPlace = 'engine' | 'tfjs' | 'javascript';

/** What the calls of one kernel took, in one place. */
export interface KernelProfile {
  /** tfjs's name, such as `'BatchMatMul'`; `'JavaScript between kernels'` for the rest. */
  readonly name: string;
  readonly place: KernelPlace;
  /** 0 for the time between kernels. */
  readonly calls: number;
  /** Milliseconds in the kernel itself, without the kernels that it called. */
  readonly time: number;
  /** Part of the whole time, from 0 to 1. */
  readonly share: number;
  /** Bytes of the outputs that its calls allocated. */
  readonly bytes: number;
}

/**
 * What `backend.profile` gives; as a string, a table for the terminal.
 *
 * @example
 * const backend = await useBackend('wasm');
 * const profile = await backend.profile(() => tf.matMul(tf.ones([64, 64]), tf.ones([64, 64])));
 * profile.kernels.some(({name, calls}) => name === 'BatchMatMul' && calls === 1); // true
 * String(profile).includes('BatchMatMul'); // true
 * profile.result.dispose();
 */
export class Profile<T> {
  constructor(
    /** What the function returned. */
    readonly result: T,
    /** Milliseconds from its call to its end. */
    readonly totalTime: number,
    /** What took longest comes first. The times add up to `totalTime`. */
    readonly kernels: readonly KernelProfile[],
  ) {}

  toString(): string {
    const rows = this.kernels.map(({name, place, calls, time, share, bytes}) => [
      name,
      place,
      calls === 0 ? '' : String(calls),
      time.toFixed(3),
      `${(100 * share).toFixed(1)} %`,
      calls === 0 ? '' : readableBytes(bytes),
    ]);
    const total = ['total', '', '', this.totalTime.toFixed(3), '', ''];
    return table([['kernel', 'runs in', 'calls', 'ms', 'share', 'outputs'], ...rows, total]);
  }
}

/** Name of the row for what is left. */
const BETWEEN = 'JavaScript between kernels';

interface Entry {
  name: string;
  place: KernelPlace;
  calls: number;
  time: number;
  bytes: number;
}

let running = false;

/** Runs `run` and measures every kernel of the backend `tfjsName` meanwhile. */
export async function profileKernels<T>(
  tfjsName: string,
  engine: Engine | undefined,
  run: () => T | Promise<T>,
): Promise<Profile<Awaited<T>>> {
  if (typeof run !== 'function') {
    throw new ConfigurationError(`backend.profile measures a function, got ${asGiven(run)}.`, {
      hint: 'Write backend.profile(() => trainer.fit(…)), or any other function.',
    });
  }
  checkActive(tfjsName);
  if (running) {
    throw new ConfigurationError('Another profile is being taken.', {
      hint: 'Await the promise of the first call of profile before the next.',
    });
  }
  const stopwatch = new Stopwatch(stockCallsOn(tf.backend()), engine);
  const kernels = tf.getKernelsForBackend(tfjsName).map(config => ({config, original: config.kernelFunc}));
  running = true;
  for (const {config} of kernels) config.kernelFunc = stopwatch.around(config);
  try {
    const begun = performance.now();
    const result = await run();
    const totalTime = performance.now() - begun;
    return new Profile(result, totalTime, stopwatch.profiles(totalTime));
  } finally {
    for (const {config, original} of kernels) config.kernelFunc = original;
    running = false;
  }
}

/** @throws ConfigurationError where calls go to another backend, whose kernels would not be measured */
function checkActive(tfjsName: string): void {
  const active = tf.getBackend();
  if (active === tfjsName) return;
  throw new ConfigurationError(
    `This is the profile of the backend '${tfjsName}', but the active backend is '${active}'.`,
    {
      hint: `Activate it, by useBackend or tf.setBackend('${tfjsName}'), or take the profile of what useBackend returned last.`,
    },
  );
}

/** Adds up what kernels take, each without the kernels inside it. */
class Stopwatch {
  private readonly entries = new Map<string, Entry>();
  /** What the kernels inside the running one have taken so far, and how often they called the engine and tfjs's. */
  private insideTime = 0;
  private insideCalls = 0;
  private insideStockCalls = 0;

  constructor(
    private readonly stock: StockCalls,
    private readonly engine: Engine | undefined,
  ) {}

  around({kernelName, kernelFunc}: KernelConfig): KernelConfig['kernelFunc'] {
    return call => {
      const outer = {time: this.insideTime, calls: this.insideCalls, stockCalls: this.insideStockCalls};
      this.insideTime = 0;
      this.insideCalls = 0;
      this.insideStockCalls = 0;
      const callsBefore = this.engineCalls();
      const stockCallsBefore = this.stock.count;
      const begun = performance.now();
      let bytes = 0;
      try {
        const result = kernelFunc(call);
        bytes = newBytes(result, kernelInputs(call.inputs));
        return result;
      } finally {
        const time = performance.now() - begun;
        const calls = this.engineCalls() - callsBefore;
        const stockCalls = this.stock.count - stockCallsBefore;
        const onEngine = calls > this.insideCalls;
        // One call of tfjs's kernel of that name is all there was; several make something of their own.
        const isStock = stockCalls - this.insideStockCalls === 1 && this.stock.last === kernelName;
        const place = onEngine ? 'engine' : isStock ? 'tfjs' : 'javascript';
        this.add(kernelName, place, time - this.insideTime, bytes);
        this.insideTime = outer.time + time;
        this.insideCalls = outer.calls + calls;
        this.insideStockCalls = outer.stockCalls + stockCalls;
      }
    };
  }

  profiles(totalTime: number): KernelProfile[] {
    const inKernels = this.insideTime;
    const between: Entry = {
      name: BETWEEN,
      place: 'javascript',
      calls: 0,
      time: Math.max(0, totalTime - inKernels),
      bytes: 0,
    };
    return [...this.entries.values(), between]
      .map(entry => ({...entry, share: totalTime > 0 ? entry.time / totalTime : 0}))
      .sort((a, b) => b.time - a.time);
  }

  private engineCalls(): number {
    return this.engine?.callCount ?? 0;
  }

  private add(name: string, place: KernelPlace, time: number, bytes: number): void {
    const key = `${name} ${place}`;
    let entry = this.entries.get(key);
    if (entry === undefined) this.entries.set(key, (entry = {name, place, calls: 0, time: 0, bytes: 0}));
    entry.calls++;
    entry.time += time;
    entry.bytes += bytes;
  }
}

/** Bytes of the outputs, without those that share an input's memory. */
function newBytes(result: TensorInfo | TensorInfo[], inputs: readonly TensorInfo[]): number {
  const shared = new Set(inputs.map(({dataId}) => dataId));
  let bytes = 0;
  for (const {dataId, shape, dtype} of Array.isArray(result) ? result : [result]) {
    if (!shared.has(dataId) && dtype !== 'string')
      bytes += tf.util.sizeFromShape(shape) * tf.util.bytesPerElement(dtype);
  }
  return bytes;
}

function readableBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB'];
  const unit = bytes < 1000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
  return `${(bytes / 1000 ** unit).toFixed(unit === 0 ? 0 : 1)} ${units[unit]}`;
}

/** Names to the left, numbers to the right, a line under the head and above the total. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map(row => row[column]!.length)));
  const lines = rows.map(row =>
    row
      .map((cell, column) => (column < 2 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join('  ')
      .trimEnd(),
  );
  const rule = '─'.repeat(widths.reduce((sum, width) => sum + width + 2, -2));
  return [lines[0], rule, ...lines.slice(1, -1), rule, lines.at(-1)].join('\n');
}
