/**
 * What the numbers are held against.
 */
import {short, table} from './markdown';

interface Target {
  readonly what: string;
  /** The figure of a part that is meant. */
  readonly figure: string;
  readonly better: 'lower' | 'higher';
  readonly needed?: number;
  /** What would be better still. */
  readonly aim?: number;
}

/** A target beside what was measured. */
export interface Verdict extends Target {
  readonly measured: number;
  /** `'part'` where what is needed is met, and not the aim. */
  readonly met: boolean | 'part';
}

const targets: readonly Target[] = [
  {
    what: 'ours ÷ PyTorch, geometric mean of the eight networks',
    figure: 'ours/torch/mean',
    better: 'lower',
    needed: 2.5,
    aim: 1.5,
  },
  {what: 'ours ÷ PyTorch, slowest network', figure: 'ours/torch/most', better: 'lower', aim: 3},
  {what: 'tfjs wasm ÷ ours, mlp', figure: 'stockWasm/ours/mlp', better: 'higher', needed: 10, aim: 15},
  {what: 'tfjs wasm ÷ ours, lstm', figure: 'stockWasm/ours/lstm', better: 'higher', needed: 8, aim: 15},
  {
    what: 'jax-js without update ÷ ours with Adam, mlp',
    figure: 'jax/ours/mlp',
    better: 'higher',
    needed: 1.3,
    aim: 1.8,
  },
  {
    what: 'product, any transposition, of the rate of tfjs’s a·b, least',
    figure: 'matmul/least',
    better: 'higher',
    needed: 0.8,
    aim: 1.1,
  },
  {
    what: 'filter gradient, of the forward’s rate, least',
    figure: 'conv/filterGradient/ofOurForward',
    better: 'higher',
    needed: 0.6,
    aim: 0.9,
  },
  {
    what: 'input gradient ¹, of the forward’s rate, least',
    figure: 'conv/inputGradient/ofOurForward',
    better: 'higher',
    needed: 0.6,
    aim: 0.9,
  },
  {what: 'cnn, two threads against one', figure: 'threads/2/cnn', better: 'higher', needed: 1.5, aim: 1.8},
  {
    what: 'resnet, two threads against one',
    figure: 'threads/2/resnet',
    better: 'higher',
    needed: 1.5,
    aim: 1.8,
  },
  {
    what: 'growth of time ÷ growth of work, most',
    figure: 'growth/most',
    better: 'lower',
    needed: 1.15,
  },
  {what: 'module of kernels, gzip, kB', figure: 'size/gzip', better: 'lower', needed: 120, aim: 60},
  {
    what: 'peak of tensors in a step of cnn, ours ÷ tfjs cpu',
    figure: 'memory/ofStock',
    better: 'lower',
    needed: 1,
    aim: 0.7,
  },
];

/** The targets whose figures were measured. */
export function judge(figures: Readonly<Record<string, number>>): Verdict[] {
  return targets.flatMap(target => {
    const {figure, better, needed, aim} = target;
    const measured = figures[figure];
    if (measured === undefined || !Number.isFinite(measured)) return [];
    const meets = (limit: number): boolean => (better === 'lower' ? measured <= limit : measured >= limit);
    const all = [needed, aim].every(limit => limit === undefined || meets(limit));
    return [{...target, measured, met: all || (needed !== undefined && meets(needed) ? 'part' : false)}];
  });
}

export function targetTable(verdicts: readonly Verdict[]): string {
  const rows = verdicts.map(({what, better, needed, aim, measured, met}) => {
    const limit = (value: number | undefined): string =>
      value === undefined ? '' : `${better === 'lower' ? '≤' : '≥'} ${value}`;
    const reached = met === 'part' ? 'needed' : met ? 'yes' : 'no';
    return [what, limit(needed), limit(aim), short(measured), reached];
  });
  return `${table(['target', 'needed', 'aim', 'measured', 'reached'], rows)}

Ratios within this run, one thread against one unless said. ¹ Training never computes that of a first layer.`;
}
