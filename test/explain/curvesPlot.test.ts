/** Curves of deletion and insertion, as a picture. */
import {describe, expect, it} from 'vitest';
import {curvesPlot} from '../../src/explain';
import type {PerturbationCurve} from '../../src/explain';

const curve = (...rows: number[][]): PerturbationCurve => ({
  scores: {data: Float32Array.from(rows.flat()), shape: [rows.length, rows[0]!.length]},
  auc: new Float32Array(rows.length),
});
/** The heights of the points of each line. */
const heights = (svg: string): number[][] =>
  [...svg.matchAll(/<path d="M([^"]*)"/g)].map(([, d]) =>
    d!.split('L').map(point => Number(point.split(' ')[1])),
  );

describe('the plot of curves', () => {
  it('draws a line and a key for each, the first score at the left and the last at the right', () => {
    const svg = curvesPlot({deletion: curve([4, 1, 0]), 'in & out': curve([0, 3, 4])}, {title: 'Both'});
    const [down, up] = heights(svg) as [number[], number[]];
    expect(down).toHaveLength(3);
    // Heights are counted from the top: what falls, grows.
    expect(down[0]!).toBeLessThan(down[1]!);
    expect(down[1]!).toBeLessThan(down[2]!);
    expect(up[0]).toBe(down[2]);
    expect(up[2]).toBe(down[0]);
    expect(svg).toContain('>in &amp; out<');
    expect(svg).toContain('>Both<');
  });

  it('shows the mean of examples, or one of them', () => {
    const curves = {both: curve([4, 2, 0], [0, 2, 4])};
    const [mean] = heights(curvesPlot(curves)) as [number[]];
    expect(new Set(mean).size).toBe(1);
    expect(curvesPlot(curves)).toContain('mean of 2 examples');
    const [second] = heights(curvesPlot(curves, {example: 1})) as [number[]];
    expect(second[2]!).toBeLessThan(second[0]!);
  });

  it('keeps many names in the picture', () => {
    const names = Array.from({length: 12}, (_, i) => `an explainer of number ${i}`);
    const svg = curvesPlot(Object.fromEntries(names.map(name => [name, curve([1, 0])])), {width: 400});
    const places = [...svg.matchAll(/<text x="(\d+)" y="(\d+)"[^>]*>an explainer/g)].map(([, x]) =>
      Number(x),
    );
    expect(places).toHaveLength(12);
    expect(Math.max(...places)).toBeLessThan(300);
    expect(new Set([...svg.matchAll(/stroke="(#\w+)"/g)].map(([, color]) => color)).size).toBe(12);
  });

  it('refuses to draw nothing', () => {
    expect(() => curvesPlot({})).toThrow(/no curve to plot/);
    expect(() => curvesPlot({a: curve([1, 0])}, {example: 1})).toThrow(/no example 1/);
  });
});
