/**
 * The command line: `npm run bench -- [--only mlp,cnn] [--parts workloads,matmul] [--peers torch,stock,jax]
 * [--threads 2] [--rounds 5] [--turn 400] [--quick]`.
 */
import {availableParallelism} from 'node:os';
import {parseArgs} from 'node:util';

export interface BenchOptions {
  /** Names of workloads; empty for all. */
  readonly only: readonly string[];
  /** Names of parts; empty for all. */
  readonly parts: readonly string[];
  /** Names of peers; empty for all. */
  readonly peers: readonly string[];
  /** How often each peer has its turn. */
  readonly rounds: number;
  /** About how long a turn lasts, in milliseconds. */
  readonly turn: number;
  /** What the rows with several threads run on; 1 leaves them out. */
  readonly threads: number;
}

export function readOptions(args: string[]): BenchOptions {
  const {values} = parseArgs({
    args,
    options: {
      only: {type: 'string', default: ''},
      parts: {type: 'string', default: ''},
      peers: {type: 'string', default: ''},
      rounds: {type: 'string'},
      turn: {type: 'string'},
      threads: {type: 'string', default: String(Math.min(2, availableParallelism()))},
      quick: {type: 'boolean', default: false},
    },
  });
  return {
    only: list(values.only),
    parts: list(values.parts),
    peers: list(values.peers),
    rounds: Number(values.rounds ?? (values.quick ? 3 : 5)),
    turn: Number(values.turn ?? (values.quick ? 150 : 400)),
    threads: Number(values.threads),
  };
}

function list(text: string): string[] {
  return text.split(',').filter(name => name !== '');
}
