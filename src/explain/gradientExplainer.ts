/** The base of gradient methods: everything but what the method itself computes. */
import * as tf from '@tensorflow/tfjs-core';
import type {Tensor} from '@tensorflow/tfjs-core';
import {ExplanationFrame, checkScores, readValues} from './explainer';
import type {Attributed, ExplainOptions, Explainer, ExplainerOptions, Request} from './explainer';
import type {Explanation, Values} from './explanation';
import type {ExplainInput} from './inputs';
import type {ExplainableModel, ScoredModel} from './model';
import {inputSite} from './site';
import type {Site} from './site';

/** What a gradient method is given. */
export interface GradientRequest extends Request {
  readonly site: Site;
  /** The values at the site, `[batch, …]`. */
  readonly values: readonly Tensor[];
}

/** What a gradient method gives: tensors that its caller disposes. */
export interface GradientAttributions {
  /** One entry for each of the values, in their shapes. */
  readonly attributions: readonly Tensor[];
  /** The score that the attributions start from, `[batch]`, where they promise to sum up to the rest. */
  readonly baseValues?: Float32Array;
  /** The standard errors of the attributions, for methods that draw samples. */
  readonly standardErrors?: readonly Tensor[];
}

/** Beyond this share of |output − base value| a sum that is off is worth a warning. */
const NOTEWORTHY = 0.05;

/** A method that attributes by gradients. `SmoothGrad` can wrap any. */
export abstract class GradientExplainer<Options extends ExplainerOptions> implements Explainer {
  readonly frame: ExplanationFrame;
  readonly site: Site;
  /** Whether an example's attributions need nothing but its own row, so that rows of many samples may go at once. */
  readonly isRowwise: boolean = false;

  /** @param ownOptions names of the options that only this method has */
  constructor(
    method: string,
    model: ExplainableModel,
    protected readonly options: Options,
    ownOptions: readonly string[] = [],
    siteOf: (model: ScoredModel) => Site = inputSite,
  ) {
    this.frame = new ExplanationFrame(method, model, options, ownOptions, 'logits');
    this.site = siteOf(this.frame.model);
  }

  async explain(input: ExplainInput, options?: ExplainOptions): Promise<Explanation> {
    return this.frame.explain(input, options, request => this.attributeAt(request));
  }

  /** The attributions of examples: what the method is. */
  abstract attribute(request: GradientRequest): Promise<GradientAttributions>;

  /** What the reader can do about a sum that is off. */
  protected readonly remedy: string = 'Raise the number of steps.';

  private async attributeAt(request: Request): Promise<Attributed> {
    const values = tf.tidy(() => this.site.read(request.inputs).map(value => value.clone()));
    try {
      const found = await this.attribute({...request, site: this.site, values});
      const {attributions, baseValues, standardErrors = []} = found;
      try {
        const read = await Promise.all(attributions.map(readValues));
        const errors = await Promise.all(standardErrors.map(readValues));
        const result = {attributions: read, ...(errors.length > 0 && {standardErrors: errors})};
        if (baseValues === undefined) return result;
        checkScores(baseValues, example => `the baseline of example ${example}`);
        const deltas = sumsOff(read, request.outputs, baseValues);
        this.warnOf(deltas, request, baseValues);
        return {...result, baseValues, deltas};
      } finally {
        tf.dispose([...attributions, ...standardErrors]);
      }
    } finally {
      tf.dispose(values);
    }
  }

  private warnOf(deltas: Float32Array, {outputs, warn}: Request, baseValues: Float32Array): void {
    const worst = deltas.reduce((most, delta, i) => {
      const share = shareMissed(delta, outputs[i]!, baseValues[i]!);
      return share > most ? share : most;
    }, 0);
    if (worst <= NOTEWORTHY) return;
    warn(
      `The attributions miss the difference of the scores by up to ${(100 * worst).toFixed(1)} %. ${this.remedy}`,
    );
  }
}

/** What attributions miss, as a share of the difference of the scores; their rounding to float32 counts as nothing. */
export function shareMissed(delta: number, output: number, baseValue: number): number {
  const rounding = 1e-6 * Math.max(Math.abs(output), Math.abs(baseValue));
  return delta === 0 ? 0 : Math.abs(delta) / (Math.abs(output - baseValue) + rounding);
}

/** Σ attributions − (output − base value), for each example. */
export function sumsOff(
  attributions: readonly Values[],
  outputs: Float32Array,
  baseValues: Float32Array,
): Float32Array {
  const batch = outputs.length;
  return Float32Array.from(outputs, (output, i) => {
    let sum = baseValues[i]! - output;
    for (const {data} of attributions) {
      const size = data.length / batch;
      for (let j = i * size; j < (i + 1) * size; j++) sum += data[j]!;
    }
    return sum;
  });
}
