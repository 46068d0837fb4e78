/**
 * The gradients of convolutions, at the rate of their forward pass: all three do the same multiply-adds.
 */
import {short, table} from '../markdown';
import {interleave, ratio, typical} from '../measure';
import type {Entry} from '../measure';
import type {ConvJob, ConvPass} from '../peers';
import type {Part} from './part';

type Shape = Omit<ConvJob, 'kind' | 'pass'> & {readonly name: string};

const kernelSize = 3;
/** Their input is the data, whose gradient training never computes. */
const FIRST: readonly Shape[] = [
  {name: 'cnn 28² 1→32', input: [128, 28, 28, 1], kernelSize, filters: 32, strides: 1, padding: 'valid'},
  {name: 'case 32² 3→32', input: [64, 32, 32, 3], kernelSize, filters: 32, strides: 1, padding: 'same'},
  {name: 'resnet 32² 3→16', input: [64, 32, 32, 3], kernelSize, filters: 16, strides: 1, padding: 'same'},
];
const LATER: readonly Shape[] = [
  {name: 'cnn 26² 32→64', input: [128, 26, 26, 32], kernelSize, filters: 64, strides: 1, padding: 'valid'},
  {name: 'case 16² 32→64', input: [64, 16, 16, 32], kernelSize, filters: 64, strides: 1, padding: 'same'},
  {name: 'case 8² 64→64', input: [64, 8, 8, 64], kernelSize, filters: 64, strides: 1, padding: 'same'},
  {name: 'resnet 32² 16→16', input: [64, 32, 32, 16], kernelSize, filters: 16, strides: 1, padding: 'same'},
  {
    name: 'resnet 32² 16→32 /2',
    input: [64, 32, 32, 16],
    kernelSize,
    filters: 32,
    strides: 2,
    padding: 'same',
  },
];
const STOCK = 'stock';

export const convPart: Part = {
  name: 'conv',
  async run({ours, stockWasm}, options) {
    const rows: string[][] = [];
    const figures: Record<string, number> = {};
    const least = (key: string, value: number): void => {
      figures[key] = Math.min(figures[key] ?? Infinity, value);
    };
    for (const {name, ...shape} of [...FIRST, ...LATER]) {
      const isFirst = FIRST.some(first => first.name === name);
      const passes: ConvPass[] = ['forward', 'filterGradient'];
      if (!isFirst) passes.push('inputGradient');
      const job = {kind: 'conv', ...shape} as const;
      const entries: Entry[] = passes.map(pass => ({name: pass, peer: ours, job: {...job, pass}}));
      if (stockWasm !== undefined) {
        entries.push({name: STOCK, peer: stockWasm, job: {...job, pass: 'forward'}});
      }
      const outcomes = await interleave(entries, {rounds: options.rounds, turn: options.turn / 2});
      const times = (of: string, to: string): number => 1 / ratio(outcomes.get(of), outcomes.get(to));
      const rate = (of: string): string => short(work(shape) / typical(outcomes.get(of)) / 1e6);
      const gradient = (pass: ConvPass): string => {
        least(`conv/${pass}/ofOurForward`, times(pass, 'forward'));
        least(`conv/${pass}/ofStockForward`, times(pass, STOCK));
        return `${rate(pass)} (${short(times(pass, 'forward'))}×, ${short(times(pass, STOCK))}×)`;
      };
      rows.push([
        name,
        rate(STOCK),
        rate('forward'),
        gradient('filterGradient'),
        isFirst ? '' : gradient('inputGradient'),
      ]);
    }
    return {
      markdown: `${table(
        ['GFLOP/s', 'tfjs wasm forward', 'our forward', 'our filter gradient', 'our input gradient'],
        rows,
      )}\n\nIn brackets: as a multiple of our forward's rate, and of tfjs's.\nThe input gradients of first layers are left out: training never computes them.`,
      details: rows,
      figures,
    };
  },
};

/** Floating-point operations of one pass, as a direct convolution does them. */
function work({input, filters, strides, padding}: Omit<Shape, 'name'>): number {
  const [batch, height, width, channels] = input;
  const places = (size: number): number =>
    Math.ceil((padding === 'same' ? size : size - kernelSize + 1) / strides);
  return 2 * batch * places(height) * places(width) * kernelSize ** 2 * channels * filters;
}
