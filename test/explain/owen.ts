/** Owen values in plain float64, by the orders that define them (Owen 1977). */
import type {Values} from './games';

/** A hierarchy where every group has two parts. */
export type Pairs = number | readonly [Pairs, Pairs];

/** All orders of the features in which the members of each group follow one another. */
export function consistentOrders(group: Pairs): number[][] {
  if (typeof group === 'number') return [[group]];
  const [left, right] = [consistentOrders(group[0]), consistentOrders(group[1])];
  return left.flatMap(a =>
    right.flatMap(b => [
      [...a, ...b],
      [...b, ...a],
    ]),
  );
}

/** What each feature adds to those before it, on average over these orders. */
export function owen(values: Values, partition: Pairs): number[] {
  const orders = consistentOrders(partition);
  const found = orders[0]!.map(() => 0);
  for (const order of orders) {
    order.reduce((before, player) => {
      const after = before | (1 << player);
      found[player]! += (values[after]! - values[before]!) / orders.length;
      return after;
    }, 0);
  }
  return found;
}
