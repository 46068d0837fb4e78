/** How good an explanation is. */
export {agreement, completeness} from './agreement';
export type {Agreement} from './agreement';
export type {MeasureOptions} from './common';
export {compareExplainers, evaluateExplanation} from './compare';
export type {Comparison, Evaluation, EvaluationOptions} from './compare';
export {perturbationCurves} from './curves';
export type {CurveOptions, PerturbationCurve, PerturbationCurves} from './curves';
export {infidelity} from './infidelity';
export type {InfidelityOptions} from './infidelity';
export {randomizationCheck} from './randomization';
export type {RandomizationOptions, RandomizationStep} from './randomization';
export {maxSensitivity} from './sensitivity';
export type {SensitivityOptions} from './sensitivity';
