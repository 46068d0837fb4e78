/** Heat maps: what each pixel adds to the score, over the image. */
import {ShapeError} from '../../core';
import type {Explanation} from '../explanation';
import {divergingColor, hex} from './colors';
import {checkFinite} from './features';
import {captionOf, settings, titleOf} from './options';
import type {PlotOptions, Settings} from './options';
import {pngUrl} from './png';
import {attributionMap, clippingLevel, imageOf, isImage} from './pixels';
import type {Picture} from './pixels';
import {number, signed} from './scale';
import {element, fitted, label, page, textWidth} from './svg';

const TOP = 44;
const GAP = 16;
const LEGEND = 44;
/** More examples than these are asked for one by one. */
const MOST = 8;

/**
 * The image, and beside it the image under its attributions: red raises the score, blue lowers it. The strongest
 * attributions share the strongest colour, so that a few do not hide the rest. Attributions of a layer are shown
 * without the image if the input is none; those of colour channels are added up.
 *
 * @returns SVG text
 * @throws ShapeError for attributions that are no image, DataError for some that are not finite, ConfigurationError for
 * wrong options.
 *
 * @example
 * const score = (x: tf.Tensor) => tf.sum(tf.square(x), [1, 2, 3]);
 * const explanation = await new InputXGradient(score).explain(tf.randomUniform([1, 8, 8, 3]));
 * heatmapPlot(explanation, {overlay: 0.7}).startsWith('<svg'); // true
 */
export function heatmapPlot(explanation: Explanation, options: PlotOptions = {}): string {
  const set = settings(explanation, options);
  const {width, theme, example} = set;
  checkFinite(explanation.values, explanation);
  if (!isImage(explanation.shape)) {
    throw new ShapeError(
      `A heat map shows [batch, height, width] or [batch, height, width, channels]; these are [${explanation.shape.join(', ')}].`,
      {hint: "Features in a vector are shown by plot('bar').", code: 'shape/plot'},
    );
  }
  const shown =
    example !== undefined ? [example] : Array.from({length: Math.min(MOST, explanation.batch)}, (_, i) => i);
  const pairs = shown.map(i => pair(explanation, i, set));
  const title = titleOf(explanation, options, shown.length === 1 ? shown[0] : undefined);
  // One example fills the width with its pair; several stand in as many columns as keep them readable.
  const columns = shown.length === 1 ? 1 : Math.max(1, Math.min(shown.length, Math.floor(width / 300)));
  const cell = (width - 32 - (columns - 1) * GAP * 1.5) / columns;
  let y = TOP;
  let content = label(fitted(title, width - 32, 15), 16, 27, {class: 'ink title'});
  for (let first = 0; first < pairs.length; first += columns) {
    const row = pairs.slice(first, first + columns).map((pictures, i) => {
      const x = 16 + i * (cell + GAP * 1.5);
      const text = shown.length === 1 ? undefined : captionOf(explanation, shown[first + i]!);
      return drawPair(pictures, x, y, cell, text);
    });
    content += row.map(({svg}) => svg).join('');
    y += Math.max(...row.map(({height}) => height)) + GAP;
  }
  const level = shown.length === 1 ? pairs[0]!.level : undefined;
  const isOneSided = pairs.every(({map}) => map.least >= 0);
  content += legend(16, y + 2, width, level, isOneSided);
  return page(content, {width, height: y + LEGEND, theme, description: title});
}

interface Pair {
  readonly image: Picture | undefined;
  readonly map: Picture & {readonly least: number};
  readonly level: number;
}

function pair(explanation: Explanation, example: number, {overlay = 0.65, outliers = 2}: Settings): Pair {
  const map = attributionMap(explanation, example);
  const level = clippingLevel(map.data, outliers);
  const image = imageOf(explanation, example);
  const [height, width] = [Math.max(map.height, image?.height ?? 0), Math.max(map.width, image?.width ?? 0)];
  const pixels = new Uint8Array(height * width * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = Math.floor((y * map.height) / height) * map.width + Math.floor((x * map.width) / width);
      const share = level === 0 ? 0 : map.data[at]! / level;
      const color = divergingColor(share);
      const under = image && brightness(image, (x * image.width) / width, (y * image.height) / height);
      for (let channel = 0; channel < 3; channel++) {
        const over = color[channel]!;
        pixels[3 * (y * width + x) + channel] =
          under === undefined ? over : over * (overlay + ((1 - overlay) * under) / 255);
      }
    }
  }
  return {image, map: {pixels, width, height, least: map.data.reduce((a, b) => Math.min(a, b), 0)}, level};
}

/**
 * Under the map the image is grey, its own colours could be taken for attributions; and it only darkens the map's colours,
 * which mean the same on light and on dark parts of it.
 */
function brightness({pixels, width}: Picture, x: number, y: number): number {
  const at = 3 * (Math.floor(y) * width + Math.floor(x));
  return 0.2126 * pixels[at]! + 0.7152 * pixels[at + 1]! + 0.0722 * pixels[at + 2]!;
}

function drawPair(
  {image, map}: Pair,
  x: number,
  top: number,
  width: number,
  caption: string | undefined,
): {svg: string; height: number} {
  const pictures = image === undefined ? [map] : [image, map];
  const size = Math.min((width - (pictures.length - 1) * 8) / pictures.length, 360);
  const y = caption === undefined ? top : top + 18;
  const height = (size * map.height) / map.width;
  const drawn = pictures.map(({pixels, width: across, height: down}, i) =>
    element('image', {
      ...{x: x + i * (size + 8), y, width: size, height, preserveAspectRatio: 'none'},
      ...{href: pngUrl(pixels, across, down), style: 'image-rendering:pixelated'},
    }),
  );
  const text =
    caption === undefined ? '' : label(fitted(caption, width, 12), x, top + 9, {class: 'muted small'});
  return {svg: text + drawn.join(''), height: height + y - top};
}

/** The colours, and what they stand for. */
function legend(x: number, y: number, width: number, level: number | undefined, isOneSided: boolean): string {
  const steps = 41;
  const lowers = level === undefined ? 'lowers the score' : number(-level);
  const low = !isOneSided ? lowers : level === undefined ? 'nothing' : '0';
  const high = level !== undefined ? signed(level) : isOneSided ? 'raises the score' : 'raises it';
  const start = x + textWidth(low) + 8;
  const part = Math.min(5, (width - start - textWidth(high) - 30) / steps);
  const boxes = Array.from({length: steps}, (_, i) =>
    element('rect', {
      ...{x: start + i * part, y, width: part + 0.4, height: 14},
      fill: hex(divergingColor(isOneSided ? i / (steps - 1) : (2 * i) / (steps - 1) - 1)),
    }),
  );
  const after = start + steps * part + 8;
  const note = 'attribution of a pixel; stronger ones are clipped';
  const room = width - after - textWidth(high) - 30;
  return (
    label(low, x, y + 12, {class: 'muted'}) +
    boxes.join('') +
    label(high, after, y + 12, {class: 'muted'}) +
    (level === undefined || room < textWidth(note)
      ? ''
      : label(note, after + textWidth(high) + 12, y + 12, {class: 'muted small'}))
  );
}
