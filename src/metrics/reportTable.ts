/**
 * scikit-learn's layout of a classification report.
 */
import type {ClassificationReport, ClassScores} from './classificationReport';

/** The table of a report; supports with a point where they are sums of weights. */
export function formatReport(
  report: ClassificationReport,
  {digits, fractional}: {digits: number; fractional: boolean},
): string {
  const width = Math.max(12, digits, ...report.classes.map(({name}) => name.length));
  const line = (name: string, cells: readonly string[]): string =>
    `${name.padStart(width)} ${cells.map(cell => ` ${cell.padStart(9)}`).join('')}\n`;
  const row = (name: string, {precision, recall, f1, support}: ClassScores): string =>
    line(name, [...[precision, recall, f1].map(score => fixed(score, digits)), count(support, fractional)]);
  const averages =
    report.accuracy === undefined
      ? row('micro avg', report.micro)
      : line('accuracy', ['', '', fixed(report.accuracy, digits), count(report.micro.support, fractional)]);
  return [
    line('', ['precision', 'recall', 'f1-score', 'support']),
    '\n',
    ...report.classes.map(scores => row(scores.name, scores)),
    '\n',
    averages,
    row('macro avg', report.macro),
    row('weighted avg', report.weighted),
  ].join('');
}

function count(support: number, fractional: boolean): string {
  return fractional && Number.isInteger(support) ? `${support}.0` : String(support);
}

/** As Python rounds: 0.125 becomes 0.12, the even one, where JavaScript's `toFixed` gives 0.13. */
function fixed(score: number, digits: number): string {
  const places = Math.min(digits, 75);
  const exact = score.toFixed(places + 25);
  const kept = exact.slice(0, exact.length - 25).replace(/\.$/, '');
  const tie = exact.endsWith(`5${'0'.repeat(24)}`) && !exact.endsWith('0'.repeat(25));
  return tie && Number(kept[kept.length - 1]) % 2 === 0 ? kept : score.toFixed(places);
}
