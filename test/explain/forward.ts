import type {Oracle} from './oracle';

/** The reference multilayer perceptron in float64: what a regression's oracle was computed from. */
export function forwardOf({model}: Oracle): (x: readonly number[]) => number[] {
  return x =>
    model.layers.reduce<number[]>(
      (values, {type, kernel, bias}) => {
        if (type === 'relu') return values.map(value => Math.max(0, value));
        if (type === 'softmax') {
          const powers = values.map(value => Math.exp(value - Math.max(...values)));
          const sum = powers.reduce((total, value) => total + value, 0);
          return powers.map(value => value / sum);
        }
        const weights = kernel as number[][];
        return (bias as number[]).map((start, j) =>
          values.reduce((sum, value, i) => sum + value * weights[i]![j]!, start),
        );
      },
      [...x],
    );
}
