/** Explainers: why a model gives the score that it gives. */
export type {Upsampling} from './activationMaps';
export type {Baseline} from './baseline';
export type {ExplainOptions, Explainer, ExplainerOptions} from './explainer';
export {Explanation} from './explanation';
export type {Aggregation, ClassScores, ExplanationData, Values} from './explanation';
export {GradCam} from './gradCam';
export type {GradCamOptions} from './gradCam';
export {Deconvolution, GuidedBackprop} from './guidedBackprop';
export type {ExplainInput, Target} from './inputs';
export {IntegratedGradients, LayerIntegratedGradients} from './integratedGradients';
export type {IntegratedGradientsOptions, LayerIntegratedGradientsOptions} from './integratedGradients';
export type {ExplainableModel, GraphModelLike, ModelOptions, ScoreFunction} from './model';
export {InputXGradient, Saliency} from './saliency';
export type {SaliencyOptions} from './saliency';
export {ScoreCam} from './scoreCam';
export type {ScoreCamOptions} from './scoreCam';
export type {Surrogate} from './surrogate';
