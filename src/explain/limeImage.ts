import {Random, ShapeError, unknownName} from '../core';
import {ExplanationFrame, readValues} from './explainer';
import type {ExplainOptions, Explainer, ExplainerOptions, Request} from './explainer';
import {Explanation} from './explanation';
import type {Values} from './explanation';
import type {ExplainInput} from './inputs';
import {hideAll, maskNeighbourhood, scoreMasked} from './maskedImages';
import type {HideColor} from './maskedImages';
import type {ExplainableModel} from './model';
import {scoresOf} from './perturbation';
import type {Scores} from './perturbation';
import {quickshift} from './quickshift';
import {grid} from './segments';
import type {ImagePixels, Segments} from './segments';
import {slic} from './slic';
import {SURROGATE_OPTIONS, checkSurrogateOptions, fitSurrogate, warnOfPoorFit} from './surrogate';
import type {Neighbourhood, SurrogateOptions} from './surrogate';

export interface LimeImageOptions extends Omit<ExplainerOptions, 'featureNames'>, SurrogateOptions {
  /**
   * How an image is cut: `'slic'` (the default), `'quickshift'` (LIME's), `'grid'`, a mask `[height][width]` of segment
   * numbers for all images, or a function that makes the segments of one.
   */
  segmentation?:
    'slic' | 'quickshift' | 'grid' | readonly (readonly number[])[] | ((image: ImagePixels) => Segments);
  /** About how many segments `'slic'` and `'grid'` make. Default 50. */
  segments?: number;
  /** What a hidden segment shows: its own `'mean'` (the default), one number, or one for each channel. */
  hideColor?: HideColor;
  /** How many images with hidden segments to look at. Default 1000. */
  samples?: number;
  /** How near such an image must be to count. Default 0.25. */
  kernelWidth?: number;
  /** Default 0. Same seed, same explanation. */
  seed?: number;
}

const OWN_OPTIONS = [
  'segmentation',
  'segments',
  'hideColor',
  'samples',
  'kernelWidth',
  'seed',
  ...SURROGATE_OPTIONS,
];

/** An image, its segments, and what the model says of it with some of them hidden. */
interface Looked {
  readonly segments: Segments;
  readonly neighbourhood: Neighbourhood;
  readonly scores: Scores;
}

/**
 * Which segments of an image speak for a score: a linear model of what the model says while segments are hidden
 * (LIME: Ribeiro, Singh and Guestrin 2016). Each pixel has the coefficient of its segment;
 * `explanation.data.segments` has the segments, `explanation.surrogates` the linear models.
 *
 * @throws ConfigurationError for an unknown or impossible option, ShapeError for what is no image, or for a mask of
 * another size.
 *
 * @example
 * const {conv2d, globalAveragePooling2d, dense} = layers.layers;
 * const model = layers.sequential({
 *   layers: [
 *     conv2d({filters: 4, kernelSize: 3, inputShape: [16, 16, 1]}),
 *     globalAveragePooling2d({}),
 *     dense({units: 3, activation: 'softmax'}),
 *   ],
 * });
 * const lime = new LimeImage(model, {segmentation: 'grid', segments: 16, samples: 200});
 * const explanation = await lime.explain(tf.randomUniform([1, 16, 16, 1]));
 * explanation.surrogates?.[0]?.coefficients.length; // 16, the segment that matters most first
 */
export class LimeImage implements Explainer {
  private readonly frame: ExplanationFrame;

  constructor(
    model: ExplainableModel,
    private readonly options: LimeImageOptions = {},
  ) {
    this.frame = new ExplanationFrame('LimeImage', model, options, OWN_OPTIONS, 'output');
    checkSurrogateOptions('LimeImage', options);
    const {segmentation = 'slic'} = options;
    if (typeof segmentation === 'string' && !['slic', 'quickshift', 'grid'].includes(segmentation)) {
      throw unknownName('segmentation', segmentation, ['slic', 'quickshift', 'grid']);
    }
  }

  async explain(input: ExplainInput, options?: ExplainOptions): Promise<Explanation> {
    let looked: Looked[] | undefined;
    let shape: readonly number[] = [];
    const explanation = await this.frame.explain(input, options, async request => {
      shape = request.inputs[0]!.shape;
      // Several classes share what was hidden and scored.
      looked ??= await this.lookAtAll(request);
      const fits = looked.map(({neighbourhood, scores}, i) =>
        fitSurrogate(neighbourhood, scoresOf(scores, request.targets[i]!), this.options),
      );
      warnOfPoorFit(fits, request.warn);
      const weights = fits.map(({surrogate}) => {
        const bySegment = new Float64Array(looked![0]!.segments.labels.length);
        for (const {feature, weight} of surrogate.coefficients) bySegment[feature] = weight;
        return bySegment;
      });
      const errors = fits.map(({standardErrors}) => standardErrors);
      const paint = (values: readonly Float64Array[]): Values => paintSegments(looked!, values, shape);
      return {
        attributions: [paint(weights)],
        baseValues: Float32Array.from(fits, ({surrogate}) => surrogate.intercept),
        ...(this.options.regressor !== 'lasso' && {standardErrors: [paint(errors)]}),
        surrogates: fits.map(({surrogate}) => surrogate),
      };
    });
    const labels = looked!.flatMap(({segments}) => [...segments.labels]);
    return new Explanation({
      ...explanation.data,
      segments: {data: Float32Array.from(labels), shape: shape.slice(0, 3)},
    });
  }

  private async lookAtAll(request: Request): Promise<Looked[]> {
    const [input] = request.inputs;
    if (request.inputs.length !== 1 || input!.rank !== 4) {
      throw new ShapeError(
        `LimeImage was given [${request.inputs.map(({shape}) => shape.join(', ')).join('] and [')}].`,
        {
          hint: 'Give images, [batch, height, width, channels].',
        },
      );
    }
    const {samples = 1000, kernelWidth = 0.25, seed = 0} = this.options;
    const {data, shape} = await readValues(input!);
    const [batch, height, width, channels] = shape as [number, number, number, number];
    const size = height * width * channels;
    const looked: Looked[] = [];
    for (let i = 0; i < batch; i++) {
      const image = {data: data.slice(i * size, (i + 1) * size), height, width, channels};
      const segments = this.cut(image);
      const random = new Random(seed, 'LimeImage', i);
      // The first row hides nothing.
      const rows = Uint8Array.from({length: samples * segments.count}, (_, at) =>
        at < segments.count ? 1 : random.integer(2),
      );
      const neighbourhood = maskNeighbourhood(rows, segments.count, kernelWidth);
      const hidden = hideAll(image, segments, this.options.hideColor);
      this.warnOfUnchanged(request, image, hidden, segments, i);
      looked.push({
        segments,
        neighbourhood,
        scores: await scoreMasked(request, image, hidden, segments, rows),
      });
    }
    return looked;
  }

  /** A segment of one colour looks the same hidden behind its mean: what it has is noise. */
  private warnOfUnchanged(
    {warn}: Request,
    image: ImagePixels,
    hidden: Float32Array,
    {labels, count}: Segments,
    example: number,
  ): void {
    if ((this.options.hideColor ?? 'mean') !== 'mean') return;
    const changed = new Set<number>();
    hidden.forEach((value, at) => {
      const shown = image.data[at]!;
      if (Math.abs(value - shown) > 1e-3 * Math.abs(shown))
        changed.add(labels[Math.floor(at / image.channels)]!);
    });
    if (changed.size === count) return;
    warn(
      `${count - changed.size} of the ${count} segments of example ${example} are of one colour, and look the same ` +
        'hidden behind their mean: their coefficients say nothing. Hide behind another: hideColor: 0.',
    );
  }

  private cut(image: ImagePixels): Segments {
    const {segmentation = 'slic', segments = 50} = this.options;
    if (segmentation === 'slic') return slic(image, {segments});
    if (segmentation === 'quickshift') return quickshift(image);
    if (segmentation === 'grid') return grid(image, {segments});
    const labels = typeof segmentation === 'function' ? segmentation(image).labels : segmentation.flat();
    if (labels.length !== image.height * image.width) {
      throw new ShapeError(
        `The segmentation has ${labels.length} pixels, the image ${image.height}×${image.width}.`,
        {
          hint: 'Give a segment number for each pixel, [height][width].',
        },
      );
    }
    // Whatever the numbers are, segments count from zero.
    const numbers = [...new Set(labels)].sort((a, b) => a - b);
    const places = new Map(numbers.map((number, place) => [number, place]));
    return {labels: Int32Array.from(labels, number => places.get(number)!), count: numbers.length};
  }
}

function paintSegments(
  looked: readonly Looked[],
  values: readonly Float64Array[],
  shape: readonly number[],
): Values {
  const channels = shape[3]!;
  const pixels = shape[1]! * shape[2]!;
  const data = new Float32Array(looked.length * pixels * channels);
  looked.forEach(({segments}, i) => {
    segments.labels.forEach((segment, at) =>
      data.fill(values[i]![segment]!, (i * pixels + at) * channels, (i * pixels + at + 1) * channels),
    );
  });
  return {data, shape};
}
