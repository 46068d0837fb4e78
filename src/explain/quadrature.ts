/** Rules that approximate an integral over [0, 1] by a weighted sum. */

/** Points in [0, 1], and their weights. */
export interface Quadrature {
  readonly points: readonly number[];
  readonly weights: readonly number[];
}

export type Rule = 'gaussLegendre' | 'riemannLeft' | 'riemannRight' | 'riemannMiddle' | 'riemannTrapezoid';

/** The rules by their names. The trapezoid's weights sum to one, as they should and in Captum do not. */
export const RULES: Readonly<Record<Rule, (steps: number) => Quadrature>> = {
  gaussLegendre,
  riemannLeft: steps => even(steps, i => i / steps),
  riemannRight: steps => even(steps, i => (i + 1) / steps),
  riemannMiddle: steps => even(steps, i => (i + 0.5) / steps),
  riemannTrapezoid: steps =>
    steps === 1
      ? even(1, () => 0.5)
      : {
          points: Array.from({length: steps}, (_, i) => i / (steps - 1)),
          weights: Array.from(
            {length: steps},
            (_, i) => (i === 0 || i === steps - 1 ? 0.5 : 1) / (steps - 1),
          ),
        },
};

function even(steps: number, point: (i: number) => number): Quadrature {
  return {
    points: Array.from({length: steps}, (_, i) => point(i)),
    weights: Array.from({length: steps}, () => 1 / steps),
  };
}

/** The roots of a Legendre polynomial by Newton's method, and their weights (Press et al., Numerical Recipes, 4.6). */
function gaussLegendre(steps: number): Quadrature {
  const points: number[] = [];
  const weights: number[] = [];
  for (let i = 0; i < steps; i++) {
    let root = Math.cos((Math.PI * (i + 0.75)) / (steps + 0.5));
    let slope = 1;
    for (let move = 1; Math.abs(move) > 1e-15;) {
      let [last, value] = [0, 1];
      for (let j = 0; j < steps; j++) {
        [last, value] = [value, ((2 * j + 1) * root * value - j * last) / (j + 1)];
      }
      slope = (steps * (root * value - last)) / (root * root - 1);
      move = value / slope;
      root -= move;
      if (Math.abs(move) < 1e-14) break;
    }
    points.push((1 - root) / 2);
    weights.push(1 / ((1 - root * root) * slope * slope));
  }
  return {points, weights};
}
