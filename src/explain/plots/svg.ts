/** SVG as text: elements, escaped text, and a page that is readable in light and dark. */
import {ConfigurationError, unknownName} from '../../core';

/** `'auto'` follows the reader's system; both bring their own background, so that a page's own colours do not matter. */
export type PlotTheme = 'auto' | 'light' | 'dark';

type Attributes = Readonly<Record<string, string | number | undefined>>;

const FONT = "font-family:system-ui,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif";
const MONO = 'font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace';

/** Text size in pixels. */
export const TEXT = 13;

interface Palette {
  readonly panel: string;
  readonly ink: string;
  readonly muted: string;
  readonly line: string;
  /** What raises the score, what lowers it, and text on either. */
  readonly up: string;
  readonly down: string;
  readonly on: string;
  /** What has no direction. */
  readonly plain: string;
}

const PALETTES: Readonly<Record<'light' | 'dark', Palette>> = {
  light: {
    ...{panel: '#ffffff', ink: '#1f2328', muted: '#59636e', line: '#dde2e8'},
    ...{up: '#c8374a', down: '#2a6fc4', on: '#ffffff', plain: '#6b5bb3'},
  },
  dark: {
    ...{panel: '#16191d', ink: '#e6edf3', muted: '#9aa5b1', line: '#343b44'},
    ...{up: '#f0727d', down: '#6ba8f0', on: '#101214', plain: '#a99bea'},
  },
};

/** An element; numbers are rounded to hundredths, undefined attributes left out. `children` are elements already. */
export function element(name: string, attributes: Attributes, children?: string): string {
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${typeof value === 'number' ? rounded(value) : escapeText(value!)}"`)
    .join('');
  return children === undefined ? `<${name}${written}/>` : `<${name}${written}>${children}</${name}>`;
}

/** A line of text. */
export function label(text: string, x: number, y: number, attributes: Attributes = {}): string {
  return element('text', {x, y, class: 'ink', ...attributes}, escapeText(text));
}

/** The title of a plot, and beside it a note that is less important. */
export function heading(title: string, note: string, width: number): string {
  const room = width - 32;
  const isRoomy = textWidth(title, 16) + textWidth(note) <= room;
  const aside =
    isRoomy && note !== '' ? element('tspan', {class: 'muted aside', dx: 4}, escapeText(note)) : '';
  return element('text', {x: 16, y: 27, class: 'ink title'}, escapeText(fitted(title, room, 15)) + aside);
}

/** Straight lines through points. */
export function path(points: readonly (readonly [number, number])[], attributes: Attributes): string {
  return element('path', {
    d: `M${points.map(point => point.map(rounded).join(' ')).join('L')}`,
    ...attributes,
  });
}

/** Text as XML has it: nothing in it can be taken for markup, and characters that XML forbids are left out. */
export function escapeText(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    ...{'&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;'},
  };
  return text
    .replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '')
    .replace(/[&<>"']/g, character => entities[character]!);
}

/** A whole plot, with its background and title, `description` for who cannot see it. */
export function page(
  content: string,
  {width, height, theme, description}: {width: number; height: number; theme: PlotTheme; description: string},
): string {
  if (!Object.hasOwn(STYLES, theme)) throw unknownName('theme', theme, Object.keys(STYLES));
  const size = {viewBox: `0 0 ${rounded(width)} ${rounded(height)}`, width, height};
  return element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      ...size,
      class: `glassbox-plot glassbox-${theme}`,
      role: 'img',
      'aria-label': description,
    },
    element('style', {}, STYLES[theme]) + element('rect', {width, height, rx: 6, class: 'panel'}) + content,
  );
}

const STYLES: Readonly<Record<PlotTheme, string>> = {
  light: common('light') + rules('light', PALETTES.light),
  dark: common('dark') + rules('dark', PALETTES.dark),
  auto: `${common('auto')}${rules('auto', PALETTES.light)}@media (prefers-color-scheme:dark){${rules('auto', PALETTES.dark)}}`,
};

function common(theme: PlotTheme): string {
  const scope = `.glassbox-${theme}`;
  return (
    `${scope} text{${FONT};font-size:${TEXT}px}${scope} .title{font-size:15px;font-weight:600}${scope} .aside{font-size:${TEXT}px;font-weight:400}` +
    `${scope} .mono{${MONO};font-size:15px}${scope} .small{font-size:12px}`
  );
}

function rules(theme: PlotTheme, {line, ...fills}: Palette): string {
  const scope = `.glassbox-${theme}`;
  return (
    Object.entries(fills)
      .map(([name, color]) => `${scope} .${name}{fill:${color}}`)
      .join('') +
    `${scope} .curve{stroke:${fills.plain};fill:none}${scope} .line{stroke:${line};fill:none}${scope} .strong{stroke:${fills.muted};fill:none}${scope} .mark{stroke:${fills.ink};fill:none}` +
    `${scope} .halo{paint-order:stroke;stroke:${fills.panel};stroke-width:3px;stroke-linejoin:round}`
  );
}

function rounded(value: number): string {
  if (!Number.isFinite(value)) throw new ConfigurationError(`A plot cannot place ${value}.`);
  return String(Math.round(value * 100) / 100 + 0);
}

/** About how wide a text is, in pixels: fonts differ, so it errs towards wide. */
export function textWidth(text: string, size = TEXT): number {
  let width = 0;
  for (const character of text) {
    if (
      /[\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60]|\p{Emoji_Presentation}/u.test(
        character,
      )
    )
      width += 1.05;
    else if (/[ilj.,:;'|!()[\] tfr]/.test(character)) width += 0.37;
    else if (/[mwMWA-Z@%=+−<>]/.test(character)) width += 0.74;
    else if (/\d/.test(character)) width += 0.64;
    else width += 0.58;
  }
  return width * size;
}

/** The text, or as much of it as there is room for, and an ellipsis. */
export function fitted(text: string, room: number, size = TEXT): string {
  if (textWidth(text, size) <= room) return text;
  const characters = [...text];
  while (characters.length > 0 && textWidth(`${characters.join('')}…`, size) > room) characters.pop();
  return `${characters.join('')}…`;
}
