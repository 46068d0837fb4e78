/** Words, coloured by what they add to the score. */
import type {Explanation} from '../explanation';
import {attributionTable} from './features';
import {captionOf, settings, titleOf} from './options';
import type {PlotOptions} from './options';
import {number} from './scale';
import {element, fitted, heading, label, page, textWidth} from './svg';
import {ConfigurationError} from '../../core';

const SIZE = 15;
const LINE = 30;
const TOP = 58;
/** More examples than these are asked for one by one. */
const MOST = 8;
/** How strongly the heaviest word is coloured: its text stays readable. */
const STRONGEST = 0.6;

/**
 * The text of an example (or of all), each word on a background as strong as its attribution: warm raises the score, cold lowers
 * it. The words are the explanation's feature names, or `tokens`.
 *
 * @returns SVG text
 * @throws ConfigurationError for no words, or a wrong number of them; ShapeError for images; DataError for attributions
 * that are not finite.
 *
 * @example
 * const score = (x: tf.Tensor) => tf.sum(tf.mul(x, [0, 2, -1]), 1);
 * const explanation = await new InputXGradient(score).explain(tf.ones([1, 3]));
 * textPlot(explanation, {tokens: ['a', 'very', 'bore']}).startsWith('<svg'); // true
 */
export function textPlot(explanation: Explanation, options: PlotOptions = {}): string {
  const {width, theme, example} = settings(explanation, options);
  const {batch} = explanation;
  // Words given here are those of a single text.
  const single = example ?? (batch === 1 || options.tokens !== undefined ? 0 : undefined);
  const shown = single !== undefined ? [single] : Array.from({length: Math.min(MOST, batch)}, (_, i) => i);
  const texts = shown.map(i => wordsOf(explanation, i, options.tokens));
  const scale = Math.max(...texts.flatMap(({values}) => values.map(Math.abs)), 0);
  let y = TOP;
  const drawn = texts.map(({tokens, values}, i) => {
    const caption = single === undefined ? captionOf(explanation, shown[i]!) : '';
    const head = caption && label(fitted(caption, width - 40, 12), 17, y - 8, {class: 'muted small'});
    if (caption !== '') y += 20;
    const {words, lines} = flow(tokens, width - 40);
    const text = drawWords(words, values, scale, y);
    y += lines * LINE + (caption === '' ? 0 : 10);
    return head + text;
  });
  const title = titleOf(explanation, options, single);
  const note = batch > shown.length && single === undefined ? ` (the first ${MOST})` : '';
  return page(heading(title, note, width) + drawn.join('') + legend(17, y, scale), {
    ...{width, height: y + 26, theme},
    description: `${title}: ${texts.map(({tokens}) => tokens.join(' ')).join('; ')}`,
  });
}

/** The words of a text, and what each adds. */
function wordsOf(
  explanation: Explanation,
  example: number,
  given: readonly string[] | undefined,
): {tokens: readonly string[]; values: number[]} {
  const {data, width} = attributionTable(explanation, 'text', example);
  const tokens = given ?? explanation.featureNamesOf(example);
  // Texts of a batch are padded to one length: what has no name is no word.
  if (tokens === undefined || tokens.length === 0 || tokens.length > width) {
    throw new ConfigurationError(`There are ${tokens?.length ?? 'no'} words for ${width} attributions.`, {
      hint: "Give them: plot('text', {tokens}).",
      code: 'configuration/plot',
    });
  }
  return {tokens, values: tokens.map((_, i) => data[example * width + i]!)};
}

function drawWords(words: readonly Placed[], values: readonly number[], scale: number, top: number): string {
  return words
    .map(({text, x, line, length}, i) => {
      const value = values[i]!;
      const y = top + line * LINE;
      const share = scale === 0 ? 0 : Math.abs(value) / scale;
      return element(
        'g',
        {},
        element('title', {}, number(value)) +
          element('rect', {
            ...{x: 20 + x - 3, y: y - 17, width: length + 6, height: LINE - 6, rx: 4},
            ...{class: value < 0 ? 'down' : 'up', 'fill-opacity': share * STRONGEST},
          }) +
          label(text, 20 + x, y, {class: 'ink mono', textLength: length, lengthAdjust: 'spacingAndGlyphs'}),
      );
    })
    .join('');
}

interface Placed {
  readonly text: string;
  readonly x: number;
  readonly line: number;
  readonly length: number;
}

/** Words in lines. */
function flow(tokens: readonly string[], room: number): {words: Placed[]; lines: number} {
  let [x, line] = [0, 0];
  const words = tokens.map(token => {
    const text = shortened(token.replace(/\s+/g, '␣') || '␣', room);
    const length = monoWidth(text);
    if (x > 0 && x + length > room) [x, line] = [0, line + 1];
    const placed = {text, x, line, length};
    x += length + 10;
    return placed;
  });
  return {words, lines: line + 1};
}

function shortened(text: string, room: number): string {
  const characters = [...text];
  while (characters.length > 1 && monoWidth(characters.join('')) + SIZE > room) characters.pop();
  return characters.length < [...text].length ? `${characters.join('')}…` : text;
}

/** In a font of one width; Chinese, Japanese and Korean characters and emoji take two places. */
function monoWidth(text: string): number {
  let places = 0;
  for (const character of text) {
    places +=
      /[\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60]|\p{Emoji_Presentation}/u.test(
        character,
      )
        ? 1.67
        : 1;
  }
  return places * 0.6 * SIZE;
}

function legend(x: number, y: number, scale: number): string {
  const steps = 15;
  const [low, high] = [`−${number(scale)}`, `+${number(scale)}`];
  const start = x + textWidth(low, 12) + 6;
  const after = start + steps * 10 + 6;
  const boxes = Array.from({length: steps}, (_, i) => {
    const share = (2 * i) / (steps - 1) - 1;
    return element('rect', {
      ...{x: start + i * 10, y: y - 10, width: 10, height: 12},
      ...{class: share < 0 ? 'down' : 'up', 'fill-opacity': Math.abs(share) * STRONGEST},
    });
  });
  const style = {class: 'muted small'};
  return (
    label(low, x, y, style) +
    boxes.join('') +
    label(high, after, y, style) +
    label('what the word adds to the score', after + textWidth(high, 12) + 16, y, style)
  );
}
