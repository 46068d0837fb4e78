export * from './accuracy';
export {CohenKappa, MatthewsCorrelation, type AgreementOptions, type CohenKappaOptions} from './agreement';
export {CalibrationError, type CalibrationErrorOptions} from './calibration';
export {DeviceSum} from './deviceSum';
export {directionOf} from './direction';
export * from './errors';
export {getMetric} from './get';
export {Mean, MeanMetric} from './mean';
export {Metric, type MetricTarget} from './metric';
export {
  FScore,
  Precision,
  Recall,
  type Average,
  type FScoreOptions,
  type PrecisionRecallOptions,
} from './precisionRecall';
export {R2Score, type R2ScoreOptions} from './r2Score';
export {PrAuc, RocAuc, type RankingOptions} from './ranking';
export {
  ClassificationReport,
  classificationReport,
  type ClassificationReportOptions,
  type ClassScores,
  type ReportJson,
} from './classificationReport';
export {confusionMatrix, type ConfusionMatrixOptions} from './confusionMatrix';
export type {HostLabels, Labels} from './labels';
