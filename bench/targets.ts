/**
 * What the numbers are held against.
 */
import {short, table} from './markdown';

interface Target {
  readonly what: string;
  /** The figure of a part that is meant. */
  readonly figure: string;
  readonly better: 'lower' | 'higher';
  readonly needed: number;
  /** What would be better still. */
  readonly aim?: number;
}

const targets: readonly Target[] = [];

/** The targets whose figures were measured. */
export function targetTable(figures: Readonly<Record<string, number>>): string {
  const rows = targets.flatMap(({what, figure, better, needed, aim}) => {
    const measured = figures[figure];
    if (measured === undefined || Number.isNaN(measured)) return [];
    const sign = better === 'lower' ? '≤' : '≥';
    const met = (limit: number): boolean => (better === 'lower' ? measured <= limit : measured >= limit);
    const verdict = !met(needed) ? 'no' : aim !== undefined && met(aim) ? 'yes, and the aim' : 'yes';
    return [[what, `${sign} ${needed}`, aim === undefined ? '' : `${sign} ${aim}`, short(measured), verdict]];
  });
  return table(['target', 'needed', 'aim', 'measured', 'reached'], rows);
}
