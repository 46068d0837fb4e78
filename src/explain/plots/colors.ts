/** Colours that change evenly to the eye: straight lines in Oklab (Ottosson 2020), where distance is what is seen. */

/** Red, green and blue, 0 to 255. */
export type Rgb = readonly [number, number, number];

interface Lch {
  readonly lightness: number;
  readonly chroma: number;
  /** In degrees. */
  readonly hue: number;
}

const DOWN: Lch = {lightness: 0.52, chroma: 0.18, hue: 262};
const UP: Lch = {lightness: 0.52, chroma: 0.18, hue: 25};
const NEUTRAL = 0.97;

/**
 * −1 blue, 0 nearly white, 1 red, as dark at both ends: equal steps look equally far apart (after Moreland 2009).
 */
export function divergingColor(value: number): Rgb {
  const end = value < 0 ? DOWN : UP;
  const share = Math.min(1, Math.abs(value));
  return toRgb({
    lightness: NEUTRAL + share * (end.lightness - NEUTRAL),
    chroma: share * end.chroma,
    hue: end.hue,
  });
}

/** 0 blue, 1 red, through violet at one lightness: readable on light and on dark. */
export function featureColor(share: number): Rgb {
  const at = Math.min(1, Math.max(0, share));
  return toRgb({lightness: 0.64, chroma: 0.17, hue: 250 + at * (375 - 250)});
}

/** 0 dark violet, 1 light yellow, through green: order shows without colours too (as viridis, van der Walt and Smith 2015). */
export function orderedColor(share: number): Rgb {
  const at = Math.min(1, Math.max(0, share));
  return toRgb({lightness: 0.3 + at * 0.6, chroma: 0.11 + at * 0.05, hue: 305 - at * (305 - 105)});
}

/** Colours of lines, told apart by hue and by lightness, readable on light and on dark. */
export function lineColor(line: number): Rgb {
  return toRgb({lightness: 0.56 + 0.06 * (line % 3), chroma: 0.14, hue: (255 + line * 137.5) % 360});
}

export function hex(color: Rgb): string {
  return `#${color.map(part => part.toString(16).padStart(2, '0')).join('')}`;
}

function toRgb({lightness, chroma, hue}: Lch): Rgb {
  const a = chroma * Math.cos((hue * Math.PI) / 180);
  const b = chroma * Math.sin((hue * Math.PI) / 180);
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    encode(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    encode(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    encode(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
}

/** A linear light intensity as sRGB. */
function encode(linear: number): number {
  const light = Math.min(1, Math.max(0, linear));
  const value = light <= 0.0031308 ? 12.92 * light : 1.055 * light ** (1 / 2.4) - 0.055;
  return Math.round(255 * value);
}
