import type {BenchOptions} from '../options';
import type {Peers} from '../peers';

/** One part of the run. */
export interface Part {
  readonly name: string;
  run(peers: Peers, options: BenchOptions): Promise<PartResult>;
}

export interface PartResult {
  /** For the report. */
  readonly markdown: string;
  /** For `results.json`. */
  readonly details: unknown;
  /** The numbers that the targets are about, by name. */
  readonly figures: Readonly<Record<string, number>>;
}
