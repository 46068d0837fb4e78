/** Explainers: why a model gives the score that it gives. */
export type {Upsampling} from './activationMaps';
export {AttentionRollout} from './attentionRollout';
export type {AttentionRolloutOptions} from './attentionRollout';
export type {Baseline} from './baseline';
export type {CoalitionOptions} from './coalitionExplainer';
export {Counterfactual} from './counterfactual';
export type {CounterfactualOptions} from './counterfactual';
export type {CounterfactualTarget} from './counterfactualGoal';
export {Counterfactuals} from './counterfactuals';
export type {
  ChangesPlotOptions,
  CounterfactualExample,
  CounterfactualsData,
  FeatureChange,
} from './counterfactuals';
export type {CounterfactualLimits, FeatureReference} from './counterfactualSpace';
export {DeepLift} from './deepLift';
export type {DeepLiftOptions} from './deepLift';
export {DeepShap} from './deepShap';
export type {DeepShapOptions} from './deepShap';
export type {DependenceFeatures} from './dependenceFeatures';
export {
  agreement,
  compareExplainers,
  completeness,
  evaluateExplanation,
  infidelity,
  maxSensitivity,
  perturbationCurves,
  randomizationCheck,
} from './evaluation';
export type {
  Agreement,
  Comparison,
  CurveOptions,
  Evaluation,
  EvaluationOptions,
  InfidelityOptions,
  MeasureOptions,
  PerturbationCurve,
  PerturbationCurves,
  RandomizationOptions,
  RandomizationStep,
  SensitivityOptions,
} from './evaluation';
export type {ExplainOptions, Explainer, ExplainerOptions} from './explainer';
export {Explanation} from './explanation';
export type {Aggregation, ClassScores, ExplanationData, Values} from './explanation';
export type {FeatureSelection} from './featureSelection';
export {FeatureAblation} from './featureAblation';
export {FeatureDependence} from './featureDependence';
export type {FeatureDependenceData, FeatureDependencePlotOptions} from './featureDependence';
export type {FeatureMask, FeatureNames} from './featureMask';
export {GradCam} from './gradCam';
export type {GradCamOptions} from './gradCam';
export {GradientShap} from './gradientShap';
export type {GradientShapDraw, GradientShapOptions} from './gradientShap';
export {Deconvolution, GuidedBackprop} from './guidedBackprop';
export type {ExplainInput, Target} from './inputs';
export {IntegratedGradients, LayerIntegratedGradients} from './integratedGradients';
export type {IntegratedGradientsOptions, LayerIntegratedGradientsOptions} from './integratedGradients';
export {LayerConductance} from './layerConductance';
export type {LayerConductanceOptions} from './layerConductance';
export {LayerRelevance} from './layerRelevance';
export type {LayerRelevanceOptions} from './layerRelevance';
export {LimeImage} from './limeImage';
export type {LimeImageOptions} from './limeImage';
export {LimeTabular} from './limeTabular';
export type {LimeTabularOptions} from './limeTabular';
export {LimeText} from './limeText';
export type {LimeTextOptions, TextModel} from './limeText';
export type {HideColor} from './maskedImages';
export {maskTokens} from './maskTokens';
export type {MaskTokensOptions} from './maskTokens';
export {TextMasker, TokenMasker} from './maskers';
export type {Masker, TextMaskerOptions} from './maskers';
export {KernelShap} from './kernelShap';
export type {KernelShapOptions} from './kernelShap';
export type {Link} from './link';
export type {FeatureMasker, MaskedExample} from './featureMasker';
export type {MatrixLike} from './matrix';
export type {ExplainableModel, GraphModelLike, ModelOptions, ScoreFunction, ScoresLike} from './model';
export type {Noise} from './noise';
export {PermutationImportance} from './permutationImportance';
export type {ImportanceMetric, PermutationImportanceOptions} from './permutationImportance';
export {Importances} from './importances';
export type {ImportancesData} from './importances';
export {
  barPlot,
  beeswarmPlot,
  curvesPlot,
  dependencePlot,
  forcePlot,
  heatmapPlot,
  plotGrid,
  textPlot,
  waterfallPlot,
} from './plots';
export type {PlotGridOptions, PlotKind, PlotOptions, PlotTheme} from './plots';
export type {FeatureParts} from './parts';
export {PartialDependence} from './partialDependence';
export type {PartialDependenceOptions} from './partialDependence';
export {PartitionShap} from './partitionShap';
export type {PartitionShapOptions} from './partitionShap';
export type {Partition} from './partitionTree';
export {quickshift} from './quickshift';
export type {QuickshiftOptions} from './quickshift';
export type {RelevanceRule} from './relevanceRules';
export {Occlusion} from './occlusion';
export type {OcclusionOptions} from './occlusion';
export {InputXGradient, Saliency} from './saliency';
export type {SaliencyOptions} from './saliency';
export {ScoreCam} from './scoreCam';
export type {ScoreCamOptions} from './scoreCam';
export {grid} from './segments';
export type {ImagePixels, Segments} from './segments';
export {slic} from './slic';
export type {SlicOptions} from './slic';
export {Shapley} from './shapley';
export type {ShapleyOptions} from './shapley';
export {SmoothGrad} from './smoothGrad';
export type {SmoothGradOptions} from './smoothGrad';
export type {Surrogate, SurrogateOptions} from './surrogate';
