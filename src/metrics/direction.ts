/** Whether a higher value of a metric is better, as far as its name says. */

const FALLING =
  /(loss|error|divergence|entropy|deviance|perplexity|hinge|poisson|huber|log_?cosh|brier|mse|mae|mape|msle|rmse|kld|ece)$/i;
const RISING =
  /(accuracy|acc|auc|precision|recall|sensitivity|specificity|similarity|f1|f2|f\d*_?score|f_?beta(_?score)?|r_?2(_?score)?|r_?squared|kappa|matthews\w*|mcc|iou|dice)(_?at_?\d+|_\d+)?$/i;

/** `'min'` where lower is better, `'max'` where higher is, undefined for a name that does not say. */
export function directionOf(name: string): 'min' | 'max' | undefined {
  if (FALLING.test(name)) return 'min';
  return RISING.test(name) ? 'max' : undefined;
}
