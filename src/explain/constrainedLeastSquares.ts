/** Weighted least squares of coalitions' values, with coefficients that sum up to what is given; in float64. */
import {ConfigurationError} from '../core';
import {cholesky, substitute} from './cholesky';
import type {WeightedCoalitions} from './kernelCoalitions';

/** A regression on coalitions, ready to be solved for any values of theirs. */
export interface CoalitionRegression {
  /**
   * The coefficients of each player that fit the values best and sum up to `sum`, and their standard errors: what
   * another draw of coalitions would change.
   */
  solve(values: Float64Array, sum: number): {coefficients: Float64Array; standardErrors: Float64Array};
}

/**
 * The sum is no heavy row of the regression, which would cost digits: it is a Lagrange multiplier (Covert and Lee 2021).
 *
 * @throws ConfigurationError for coalitions that do not tell the players apart.
 */
export function coalitionRegression(
  {data, weights, count, firstDrawn}: WeightedCoalitions,
  players: number,
): CoalitionRegression {
  const members = Array.from({length: count}, (_, i) => {
    const there: number[] = [];
    for (let j = 0; j < players; j++) if (data[i * players + j] === 1) there.push(j);
    return Uint32Array.from(there);
  });
  const factor = cholesky(gram(members, weights, players), players);
  for (let j = 0; j < players; j++) {
    if (factor[j * players + j]! > 0) continue;
    throw new ConfigurationError(`The coalitions drawn do not tell all ${players} features apart.`, {
      hint: 'Raise samples (twice the features at least), or group features by a featureMask.',
      code: 'configuration/samples',
    });
  }
  const toOnes = substitute(factor, new Float64Array(players).fill(1));
  const onesToOnes = total(toOnes);

  /** Onto coefficients that sum up to `sum`. */
  const constrain = (free: Float64Array, sum: number): Float64Array => {
    const excess = (total(free) - sum) / onesToOnes;
    return free.map((value, j) => value - toOnes[j]! * excess);
  };
  const moments = (scores: Float64Array, first = 0, last = count): Float64Array => {
    const sums = new Float64Array(players);
    for (let i = first; i < last; i++) for (const j of members[i]!) sums[j]! += scores[i]!;
    return sums;
  };

  return {
    solve(values, sum) {
      const weighted = values.map((value, i) => value * weights[i]!);
      const coefficients = constrain(substitute(factor, moments(weighted)), sum);
      return {coefficients, standardErrors: standardErrors(values, coefficients)};
    },
  };

  /** By the scatter of what each draw (a coalition with its complement) contributes to the solution. */
  function standardErrors(values: Float64Array, coefficients: Float64Array): Float64Array {
    const variances = new Float64Array(players);
    const means = new Float64Array(players);
    if (firstDrawn === count) return variances;
    const residuals = values.map((value, i) => {
      let fitted = 0;
      for (const j of members[i]!) fitted += coefficients[j]!;
      return (value - fitted) * weights[i]!;
    });
    // The lightest was drawn once.
    const once = weights.subarray(firstDrawn).reduce((least, weight) => Math.min(least, weight), Infinity);
    let draws = 0;
    for (let i = firstDrawn; i < count;) {
      const isPair = i + 1 < count && areComplements(i, i + 1);
      const times = Math.round(weights[i]! / once);
      const share = constrain(substitute(factor, moments(residuals, i, i + (isPair ? 2 : 1))), 0);
      share.forEach((value, j) => {
        variances[j]! += (value * value) / times;
        means[j]! += value;
      });
      draws += times;
      i += isPair ? 2 : 1;
    }
    const correction = draws > 1 ? draws / (draws - 1) : NaN;
    return variances.map((squares, j) =>
      Math.sqrt(Math.max(0, squares - (means[j]! * means[j]!) / draws) * correction),
    );
  }

  function areComplements(a: number, b: number): boolean {
    for (let j = 0; j < players; j++) if (data[a * players + j] === data[b * players + j]) return false;
    return true;
  }
}

function total(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0);
}

function gram(members: readonly Uint32Array[], weights: Float64Array, size: number): Float64Array {
  const product = new Float64Array(size * size);
  members.forEach((there, row) => {
    const weight = weights[row]!;
    for (let i = 0; i < there.length; i++) {
      const at = there[i]! * size;
      for (let j = 0; j <= i; j++) product[at + there[j]!]! += weight;
    }
  });
  return product;
}
