/**
 * Whether a step's cost grows as its work does: four times the batch, twice the width.
 */
import {short, table} from '../markdown';
import {interleave, ratio, typical} from '../measure';
import {workloadNamed} from '../workloads';
import type {Part} from './part';

const WORKLOADS = ['mlp', 'cnn', 'resnet'];
const BATCHES = 4;
const WIDTH = 2;

export const growthPart: Part = {
  name: 'growth',
  async run({ours}, options) {
    const rows: string[][] = [];
    const figures: Record<string, number> = {};
    for (const workload of WORKLOADS) {
      const work = async (width: number): Promise<number> =>
        (await ours.measure({kind: 'work', workload, width}, 1))[0]!;
      const wider = (await work(WIDTH)) / (await work(1));
      const job = {kind: 'step', workload} as const;
      const batch = BATCHES * workloadNamed(workload).batch;
      const outcomes = await interleave(
        [
          {name: 'plain', peer: ours, job},
          {name: 'batch', peer: ours, job: {...job, batch}},
          {name: 'width', peer: ours, job: {...job, width: WIDTH}},
        ],
        {rounds: options.rounds, turn: options.turn / 2},
      );
      const row = (name: string, label: string, growth: number): string[] => {
        const measured = ratio(outcomes.get(name), outcomes.get('plain'));
        figures[`growth/${name}/${workload}`] = measured / growth;
        const [from, to] = [typical(outcomes.get('plain')), typical(outcomes.get(name))];
        return [
          workload,
          label,
          short(from),
          short(to),
          short(measured),
          short(growth),
          short(measured / growth),
        ];
      };
      rows.push(
        row('batch', `${BATCHES} times the batch`, BATCHES),
        row('width', `${WIDTH} times the width`, wider),
      );
    }
    figures['growth/most'] = Math.max(...Object.values(figures));
    return {
      markdown: table(
        ['workload', 'grown by', 'ms before', 'ms after', 'time grew', 'work grew', 'time ÷ work'],
        rows,
      ),
      details: rows,
      figures,
    };
  },
};
