/**
 * Matrix products in the four transpositions, beside the rate of stock tfjs where nothing is transposed.
 */
import {short, table} from '../markdown';
import {interleave, ratio, typical} from '../measure';
import type {Entry} from '../measure';
import type {Part} from './part';

const SIZES = [128, 256, 512, 1024];
const TRANSPOSITIONS = [
  {name: 'a·b', transposeA: false, transposeB: false},
  {name: 'aᵀ·b', transposeA: true, transposeB: false},
  {name: 'a·bᵀ', transposeA: false, transposeB: true},
  {name: 'aᵀ·bᵀ', transposeA: true, transposeB: true},
];
const STOCK = 'stock';

export const matMulPart: Part = {
  name: 'matmul',
  async run({ours, stockWasm}, options) {
    const rows: string[][] = [];
    const figures: Record<string, number> = {};
    for (const size of SIZES) {
      const job = {kind: 'matMul', size, transposeA: false, transposeB: false} as const;
      const entries: Entry[] = TRANSPOSITIONS.map(({name, ...transpositions}) => ({
        name,
        peer: ours,
        job: {...job, ...transpositions},
      }));
      if (stockWasm !== undefined) entries.push({name: STOCK, peer: stockWasm, job});
      const outcomes = await interleave(entries, {rounds: options.rounds, turn: options.turn / 2});
      const rate = (name: string): number => (2 * size ** 3) / typical(outcomes.get(name)) / 1e6;
      const ratios = TRANSPOSITIONS.map(({name}) => 1 / ratio(outcomes.get(name), outcomes.get(STOCK)));
      figures[`matmul/${size}`] = Math.min(...ratios);
      rows.push([
        `${size}³`,
        short(rate(STOCK)),
        ...TRANSPOSITIONS.map(({name}, i) => `${short(rate(name))} (${short(ratios[i]!)}×)`),
      ]);
    }
    figures['matmul/least'] = Math.min(...SIZES.map(size => figures[`matmul/${size}`]!));
    return {
      markdown: table(
        ['GFLOP/s', 'tfjs wasm, a·b', ...TRANSPOSITIONS.map(({name}) => `ours, ${name}`)],
        rows,
      ),
      details: rows,
      figures,
    };
  },
};
