import * as tf from '@tensorflow/tfjs-core';
import {describe, expect, it} from 'vitest';
import {Explanation, heatmapPlot, plotGrid} from '../../src/explain';
import type {ExplanationData, PlotKind} from '../../src/explain';
import {divergingColor, featureColor} from '../../src/explain/plots/colors';
import {clippingLevel} from '../../src/explain/plots/pixels';
import {pngUrl} from '../../src/explain/plots/png';
import {number, ticks} from '../../src/explain/plots/scale';
import {inflateSync} from 'node:zlib';

const values = (data: readonly number[], shape: number[]) => ({data: Float32Array.from(data), shape});

const NASTY = `<script>alert("1")</script> & 'b' \u0000\uD800`;

function vector(
  attributions: readonly number[],
  more: Partial<ExplanationData> = {},
  base?: number,
): Explanation {
  const {length} = attributions;
  const output = (base ?? 0) + attributions.reduce((sum, value) => sum + value, 0);
  const scores = {targets: [1], outputs: Float32Array.of(output)};
  const attributed = {attributions: [values(attributions, [1, length])]};
  return new Explanation({
    ...{method: 'KernelShap', evaluations: {forward: 1, backward: 0}},
    inputs: [values(attributions, [1, length])],
    classes: [{...scores, ...attributed, ...(base !== undefined && {baseValues: Float32Array.of(base)})}],
    ...more,
  });
}

function examples(rows: readonly (readonly number[])[]): Explanation {
  const shape = [rows.length, rows[0]!.length];
  return new Explanation({
    ...{method: 'DeepShap', evaluations: {forward: 1, backward: 0}, inputs: [values(rows.flat(), shape)]},
    classes: [
      {
        targets: rows.map(() => 0),
        outputs: new Float32Array(rows.length),
        attributions: [values(rows.flat(), shape)],
      },
    ],
  });
}

function image(shape: number[], fill: (i: number) => number): Explanation {
  const data = Array.from({length: tf.util.sizeFromShape(shape)}, (_, i) => fill(i));
  const outputs = new Float32Array(shape[0]!);
  return new Explanation({
    ...{method: 'Saliency', evaluations: {forward: 1, backward: 1}, inputs: [values(data, shape)]},
    classes: [{targets: [...outputs], outputs, attributions: [values(data, shape)]}],
  });
}

/** Throws unless every element is closed where it should be, and nothing stands outside of text and attributes. */
function checkXml(text: string): string[] {
  const open: string[] = [];
  const names: string[] = [];
  const rest = text.replace(/<(\/?)([a-z]+)((?: [\w:-]+="[^"<]*")*)(\/?)>|([^<>]+)/g, (...match) => {
    const [, end, name, , single, content] = match as string[];
    if (content !== undefined) {
      expect(content.replace(/&(amp|lt|gt|quot|#39);/g, '')).not.toContain('&');
    } else if (end === '/') {
      expect(open.pop()).toBe(name);
    } else {
      names.push(name!);
      if (single !== '/') open.push(name!);
    }
    return '';
  });
  expect(rest).toBe('');
  expect(open).toEqual([]);
  return names;
}

const attributesOf = (svg: string, pattern: RegExp): number[][] =>
  [...svg.matchAll(pattern)].map(([, ...found]) => found.map(Number));

const ALL: [PlotKind, Explanation][] = [
  ['bar', vector([3, -1, 2])],
  ['waterfall', vector([3, -1, 2], {}, 0.5)],
  ['force', vector([3, -1, 2], {}, 0.5)],
  [
    'beeswarm',
    examples([
      [1, 2],
      [3, -4],
      [5, 6],
    ]),
  ],
  [
    'dependence',
    examples([
      [1, 2],
      [3, -4],
      [5, 6],
    ]),
  ],
  ['text', vector([3, -1, 2], {featureNames: ['not', NASTY, '東京']})],
  ['heatmap', image([2, 4, 5, 3], i => Math.sin(i))],
];

describe('every plot', () => {
  it.each(ALL)('%s is well-formed, and needs nothing from elsewhere', (kind, explanation) => {
    const svg = explanation.plot(kind, {title: NASTY});
    const names = checkXml(svg);
    expect(names).not.toContain('script');
    expect(svg).toContain('&lt;script&gt;alert(&quot;1&quot;)');
    for (const forbidden of ['\u0000', '\uD800']) expect(svg.includes(forbidden)).toBe(false);
    expect(svg).not.toMatch(/href="(?!data:image\/png)|@import|url\(/);
    expect(svg).toContain('prefers-color-scheme:dark');
    expect(explanation.plot(kind, {theme: 'light'})).not.toContain('prefers-color-scheme');
  });

  it.each(ALL)('%s refuses NaN, options that do not exist, and those out of range', (kind, explanation) => {
    const {data} = explanation;
    const broken = new Explanation({
      ...data,
      classes: data.classes.map(scores => ({
        ...scores,
        attributions: scores.attributions.map(({shape, data: {length}}) => ({
          shape,
          data: new Float32Array(length).fill(NaN),
        })),
      })),
    });
    expect(() => broken.plot(kind)).toThrow('hold NaN at place 0');
    expect(() => explanation.plot(kind, {widht: 3} as object)).toThrow("Did you mean 'width'?");
    expect(() => explanation.plot(kind, {width: NaN})).toThrow('width of a plot is NaN');
    expect(() => explanation.plot(kind, {theme: 'dusk' as 'dark'})).toThrow("'dusk'");
    expect(() => explanation.plot(kind, {example: 9})).toThrow('There is no example 9');
  });

  it('is chosen by what there is to show', () => {
    const kindOf = (explanation: Explanation, options = {}): string =>
      ALL.map(([kind]) => kind).find(kind => {
        try {
          return explanation.plot(kind, options) === explanation.plot(undefined, options);
        } catch {
          return false;
        }
      }) ?? 'none';
    expect(kindOf(vector([1, 2]))).toBe('bar');
    expect(kindOf(vector([1, 2], {}, 0))).toBe('waterfall');
    expect(kindOf(examples([[1], [2]]))).toBe('beeswarm');
    expect(kindOf(image([1, 2, 2, 1], i => i))).toBe('heatmap');
    expect(kindOf(vector([1, 2]), {tokens: ['a', 'b']})).toBe('text');
  });

  it('says what to use instead where it cannot show an explanation', () => {
    expect(() => vector([1]).plot('waterfall')).toThrow("Use plot('bar')");
    expect(() => vector([1]).plot('heatmap')).toThrow("plot('bar')");
    expect(() => image([1, 2, 2, 1], i => i).plot('bar')).toThrow("plot('heatmap')");
    expect(() => vector([1]).plot('text')).toThrow("Give them: plot('text', {tokens})");
    expect(() => vector([1]).plot('pie' as 'bar')).toThrow("'pie'");
    expect(() => examples([[1], [2]]).plot('dependence', {feature: 'age'})).toThrow("'age'");
  });
});

describe('a bar plot', () => {
  const bars = /<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)" height="20"/g;

  it('draws bars as long as the attributions, the largest on top', () => {
    const found = attributesOf(vector([1, -4, 2]).plot('bar'), bars);
    const unit = found[2]![1]!;
    expect(found.map(([, width]) => Math.round(width! / unit))).toEqual([4, 2, 1]);
    const zero = found[1]![0]!;
    expect(found[0]![0]! + found[0]![1]!).toBeCloseTo(zero, 1);
  });

  it('sums up what has no row of its own', () => {
    const svg = vector([8, 4, 2, 1, 1]).plot('bar', {maxFeatures: 3});
    expect(attributesOf(svg, bars).map(([, width]) => width!)).toHaveLength(3);
    expect(svg).toContain('3 other features');
    expect(svg).toContain('+4<');
  });

  it('of many examples shows the mean of |attribution|', () => {
    const svg = examples([
      [1, -3],
      [-3, 5],
    ]).plot('bar');
    expect(svg).toMatch(/>feature 1<.*>4<.*>feature 0<.*>2</);
  });
});

describe('a waterfall', () => {
  it('leads from the base value to the score', () => {
    const svg = vector([2, -1], {}, 0).plot('waterfall');
    const steps = attributesOf(svg, /<path d="M([\d.]+) [\d.]+L[\d.]+ [\d.]+L([\d.]+) /g);
    const [[start, end], [first, last]] = steps as [[number, number], [number, number]];
    expect(first - last).toBeCloseTo((end - start) / 2, 0);
    expect(last).toBeCloseTo(start, 1);
  });

  it('shows what the method misses', () => {
    const {data} = vector([2, -1], {}, 0);
    const off = new Explanation({...data, classes: [{...data.classes[0]!, outputs: Float32Array.of(1.5)}]});
    expect(off.plot('waterfall')).toMatch(/missed by the method.*>\+0\.5</);
    expect(vector([2, -1], {}, 0).plot('waterfall')).not.toContain('missed');
  });
});

describe('a beeswarm', () => {
  it('places a point for each example, and no two on each other', () => {
    const svg = examples(Array.from({length: 20}, (_, i) => [i % 5, 1])).plot('beeswarm');
    const points = attributesOf(svg, /<circle cx="([\d.]+)" cy="([\d.]+)"/g);
    expect(points).toHaveLength(40);
    const first = points.slice(0, 20);
    const xs = [...new Set(first.map(([x]) => x!))].sort((a, b) => a - b);
    expect(xs).toHaveLength(5);
    expect(xs[2]! - xs[1]!).toBeCloseTo(xs[4]! - xs[3]!, 1);
    for (const [i, [x, y]] of first.entries()) {
      for (const [u, v] of first.slice(0, i)) expect(Math.hypot(x! - u!, y! - v!)).toBeGreaterThan(4);
    }
  });
});

describe('a dependence plot', () => {
  it('places values along the axis, attributions upwards', () => {
    const svg = examples([[0], [1], [4]]).plot('dependence');
    const points = attributesOf(svg, /<circle cx="([\d.]+)" cy="([\d.]+)"/g);
    const [[x0, y0], [x1, y1], [x2, y2]] = points as [number[], number[], number[]] as [number, number][] & {
      0: [number, number];
      1: [number, number];
      2: [number, number];
    };
    expect((x2 - x0) / (x1 - x0)).toBeCloseTo(4, 1);
    expect((y2 - y0) / (y1 - y0)).toBeCloseTo(4, 1);
    expect(y2).toBeLessThan(y0);
  });
});

describe('a heat map', () => {
  const pixelsOf = (svg: string): Buffer[] =>
    [...svg.matchAll(/base64,([\w+/=]+)/g)].map(([, text]) => Buffer.from(text!, 'base64'));

  it('clips the strongest two percent of the values that are not zero', () => {
    expect(
      clippingLevel(
        Float64Array.from({length: 100}, (_, i) => -i - 1),
        2,
      ),
    ).toBe(98);
    expect(clippingLevel(Float64Array.of(0, 0, 0, 0, 3), 2)).toBe(3);
    expect(clippingLevel(Float64Array.of(0, 0), 2)).toBe(0);
  });

  it('darkens the colours by the grey image, which keeps what they mean', () => {
    const svg = heatmapPlot(
      image([1, 1, 2, 1], i => i),
      {outliers: 0},
    );
    const [plain, mixed] = pixelsOf(svg).map(png => inflateSync(png.subarray(41, -16)));
    expect([...plain!]).toEqual([0, 0, 0, 0, 255, 255, 255]);
    const expected = [divergingColor(0), divergingColor(1)].flatMap((color, i) =>
      color.map(part => Math.floor(part * (0.65 + 0.35 * i))),
    );
    expect([...mixed!]).toEqual([0, ...expected]);
  });

  it('stores pictures of any size', () => {
    const pixels = Uint8Array.from({length: 200 * 150 * 3}, (_, i) => i % 251);
    const png = Buffer.from(pngUrl(pixels, 200, 150).split(',')[1]!, 'base64');
    const rows = inflateSync(png.subarray(41, -16));
    expect(rows.length).toBe(150 * 601);
    expect([...rows.subarray(601, 610)]).toEqual([0, ...pixels.subarray(600, 608)]);
  });
});

describe('colours', () => {
  it('are evenly spaced to the eye, blue below and red above', () => {
    const light = ([r, g, b]: readonly number[]): number => 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
    const [blue, white, red] = [-1, 0, 1].map(divergingColor);
    expect(blue![2]).toBeGreaterThan(2 * blue![0]);
    expect(red![0]).toBeGreaterThan(2 * red![2]);
    expect(Math.min(...white!)).toBeGreaterThan(235);
    const levels = Array.from({length: 11}, (_, i) => light(divergingColor(i / 10)));
    levels.slice(1).forEach((level, i) => expect(level).toBeLessThan(levels[i]!));
    expect(divergingColor(7)).toEqual(divergingColor(1));
    expect(featureColor(0)[2]).toBeGreaterThan(featureColor(1)[2]);
  });
});

describe('numbers', () => {
  it.each([
    [0, '0'],
    [-0.01234, '−0.0123'],
    [1530.4, '1,530'],
    [2.14e-7, '2.1e−7'],
    [-5e9, '−5.0e9'],
  ])('%d is written %s', (value, text) => expect(number(value)).toBe(text));

  it('are round on axes', () => {
    expect(ticks(-0.3, 1.02, 5)).toEqual([0, 0.5, 1]);
    expect(ticks(0, 0.1, 5)).toEqual([0, 0.02, 0.04, 0.06, 0.08, 0.1]);
    expect(ticks(2, 2)).toEqual([2]);
  });
});

describe('a grid', () => {
  it('lays plots out in columns', () => {
    const plots = [vector([1]).plot(), vector([1, 2]).plot(), vector([2]).plot()];
    const svg = plotGrid(plots, {columns: 2, width: 800, titles: ['a', 'b', '<c>']});
    checkXml(svg);
    const places = attributesOf(svg, /<svg x="([\d.]+)" y="([\d.]+)" width="([\d.]+)"/g);
    expect(places.map(([x]) => x)).toEqual([16, 408, 16]);
    expect(places.every(([, , width]) => width === 376)).toBe(true);
    expect(svg).toContain('&lt;c&gt;');
  });

  it('refuses what is no plot', () => {
    expect(() => plotGrid([])).toThrow('no plot');
    expect(() => plotGrid(['<p>'])).toThrow('explanation.plot()');
    expect(() => plotGrid([vector([1]).plot()], {columns: 40})).toThrow('40 columns');
  });
});

describe('Room in plots', () => {
  it('names forces in full where there is room in any row', () => {
    const featureNames = Array.from({length: 10}, (_, i) => `a measurement with a long name, ${i}`);
    const svg = vector([9, 8, 7, 6, 5, 4, 3, 3, 2, 2], {featureNames}, 1).plot('force');
    for (const name of featureNames.slice(0, 6)) expect(svg).toContain(`${name} =`);
  });

  it('says how many features have no bar of their own in a mean, rather than drawing their sum', () => {
    const svg = examples([
      [1, 2, 3],
      [3, 2, 1],
    ]).plot('bar', {maxFeatures: 2});
    expect(svg).toContain('(1 more feature is not shown)');
    expect(svg).not.toContain('other features');
  });
});
