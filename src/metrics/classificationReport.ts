/**
 * The table that users know from scikit-learn: precision, recall, F1 and support of every class.
 */
import {Tensor} from '@tensorflow/tfjs-core';
import {DataError} from '../core';
import {labelled, occurring, readLabels, type HostLabels, type LabelledData, type Labels} from './labels';
import {formatReport} from './reportTable';

/** The scores of one class, or an average of them. */
export interface ClassScores {
  /** How much of what was predicted is true; 0 where nothing was predicted. */
  precision: number;
  /** How much of what is true was predicted; 0 where nothing is true. */
  recall: number;
  /** The harmonic mean of the two. */
  f1: number;
  /** The number (with sample weights: the weight) of targets. */
  support: number;
}

/** Options of `classificationReport`. */
export interface ClassificationReportOptions {
  /** Names of the classes 0, 1, …, or the class indices to report. Default: all that occur. */
  labels?: readonly string[] | readonly number[];
  /** What each element counts. */
  sampleWeight?: ArrayLike<number>;
  /** Digits after the point in the table. Default 2. */
  digits?: number;
}

/** scikit-learn's `output_dict`: names to scores; `accuracy` is a number. */
export type ReportJson = Record<
  string,
  number | {precision: number; recall: number; 'f1-score': number; support: number}
>;

/** What `classificationReport` gives. */
export class ClassificationReport {
  constructor(
    /** One entry a class, in the order of the labels. */
    readonly classes: readonly (ClassScores & {label: number; name: string})[],
    /** The share of right predictions; undefined where classes that occur were left out of the report. */
    readonly accuracy: number | undefined,
    /** Over all decisions together: equals the accuracy where all classes are reported. */
    readonly micro: ClassScores,
    /** The plain mean over classes. */
    readonly macro: ClassScores,
    /** The mean over classes, weighted by support. */
    readonly weighted: ClassScores,
    private readonly format: {digits: number; fractional: boolean},
  ) {}

  /** The table, letter by letter as scikit-learn's `classification_report` prints it. */
  toString(): string {
    return formatReport(this, this.format);
  }

  /** scikit-learn's `output_dict`. */
  toJSON(): ReportJson {
    const entry = ({precision, recall, f1, support}: ClassScores): ReportJson[string] => ({
      precision,
      recall,
      'f1-score': f1,
      support,
    });
    const report: ReportJson = {};
    for (const scores of this.classes) report[scores.name] = entry(scores);
    if (this.accuracy === undefined) report['micro avg'] = entry(this.micro);
    else report['accuracy'] = this.accuracy;
    report['macro avg'] = entry(this.macro);
    report['weighted avg'] = entry(this.weighted);
    return report;
  }
}

/**
 * Precision, recall, F1 and support of every class with their averages; `String(report)` is scikit-learn's table.
 *
 * @param yTrue class indices `[n]`, or one-hot rows `[n, classes]`; arrays, or a tensor (then a promise comes back)
 * @param yPred class indices, rows of scores (the largest is the class), or probabilities of class 1
 * @throws DataError for nothing at all or labels that are no class indices; ShapeError for different lengths
 * @example
 * const report = classificationReport([0, 1, 1, 2], [0, 1, 2, 2], {labels: ['cat', 'dog', 'owl']});
 * report.accuracy; // 0.75
 * report.classes[1].recall; // 0.5
 * String(report); // the table
 */
export function classificationReport(
  yTrue: HostLabels,
  yPred: HostLabels,
  options?: ClassificationReportOptions,
): ClassificationReport;
export function classificationReport(
  yTrue: Tensor,
  yPred: Labels,
  options?: ClassificationReportOptions,
): Promise<ClassificationReport>;
export function classificationReport(
  yTrue: Labels,
  yPred: Tensor,
  options?: ClassificationReportOptions,
): Promise<ClassificationReport>;
export function classificationReport(
  yTrue: Labels,
  yPred: Labels,
  options: ClassificationReportOptions = {},
): ClassificationReport | Promise<ClassificationReport> {
  if (yTrue instanceof Tensor || yPred instanceof Tensor) {
    return Promise.all([readLabels(yTrue), readLabels(yPred)]).then(([y, p]) => compute(y, p, options));
  }
  return compute(yTrue, yPred, options);
}

function compute(
  yTrue: HostLabels,
  yPred: HostLabels,
  {labels, sampleWeight, digits = 2}: ClassificationReportOptions,
): ClassificationReport {
  const data = labelled(yTrue, yPred, sampleWeight);
  const present = occurring(data);
  const rows = chosen(labels, present);
  const shown = new Set(rows.map(({label}) => label));
  const counts = count(data);
  const classes = rows.map(({label, name}) => {
    const {right = 0, predicted = 0, actual = 0} = counts.get(label) ?? {};
    return {label, name, ...scores(right, predicted, actual), right, predicted};
  });
  const sum = (pick: (row: (typeof classes)[number]) => number): number =>
    classes.reduce((total, row) => total + pick(row), 0);
  const support = sum(row => row.support);
  const micro = scores(
    sum(row => row.right),
    sum(row => row.predicted),
    support,
  );
  const average = (weight: (row: ClassScores) => number, total: number): ClassScores => {
    const mean = (key: 'precision' | 'recall' | 'f1'): number =>
      total === 0 ? 0 : sum(row => row[key] * weight(row)) / total;
    return {precision: mean('precision'), recall: mean('recall'), f1: mean('f1'), support};
  };
  return new ClassificationReport(
    classes.map(({right: _right, predicted: _predicted, ...row}) => row),
    present.every(label => shown.has(label)) ? micro.precision : undefined,
    micro,
    average(() => 1, classes.length),
    average(row => row.support, support),
    {digits, fractional: sampleWeight !== undefined},
  );
}

/** The classes to report, with their names. */
function chosen(
  labels: readonly string[] | readonly number[] | undefined,
  present: readonly number[],
): {label: number; name: string}[] {
  if (labels === undefined || labels.length === 0) {
    return present.map(label => ({label, name: String(label)}));
  }
  if (typeof labels[0] === 'number') {
    return (labels as readonly number[]).map(label => ({label, name: String(label)}));
  }
  const nameless = present.find(label => label >= labels.length);
  if (nameless !== undefined) {
    throw new DataError(`Class ${nameless} occurs, but there are names for ${labels.length} classes only.`, {
      hint: 'Give one name a class, in the order of the class indices.',
      code: 'data/labels',
    });
  }
  return (labels as readonly string[]).map((name, label) => ({label, name}));
}

/** True positives, predictions and targets of each class. */
function count({
  yTrue,
  yPred,
  weights,
}: LabelledData): Map<number, {right: number; predicted: number; actual: number}> {
  const counts = new Map<number, {right: number; predicted: number; actual: number}>();
  const of = (label: number): {right: number; predicted: number; actual: number} => {
    const known = counts.get(label) ?? {right: 0, predicted: 0, actual: 0};
    counts.set(label, known);
    return known;
  };
  for (let i = 0; i < yTrue.length; i++) {
    const weight = weights?.[i] ?? 1;
    of(yTrue[i]!).actual += weight;
    of(yPred[i]!).predicted += weight;
    if (yTrue[i] === yPred[i]) of(yTrue[i]!).right += weight;
  }
  return counts;
}

function scores(right: number, predicted: number, actual: number): ClassScores {
  const share = (whole: number): number => (whole === 0 ? 0 : right / whole);
  const [precision, recall] = [share(predicted), share(actual)];
  const f1 = precision + recall === 0 ? 0 : (2 * precision * recall) / (precision + recall);
  return {precision, recall, f1, support: actual};
}
