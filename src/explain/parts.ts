/** Features of several numbers, which a mask makes: the numbers come and go together and share one attribution. */
import type {Values} from './explanation';

/** Which numbers are one feature, and what the features are called. */
export interface FeatureParts {
  /** For each input the feature that each of its numbers is of, `[1 or batch, …]`; -1 for those in none. */
  readonly masks: readonly Values[];
  /** The features' names, where the mask gives them; else empty. */
  readonly names?: readonly string[];
}

/** The numbers that each feature is of, as places in all inputs one after the other. */
export function membersOf(labels: readonly ArrayLike<number>[]): number[][] {
  const members: number[][] = [];
  let place = 0;
  for (const owners of labels) {
    for (let i = 0; i < owners.length; i++, place++) {
      if (owners[i]! >= 0) (members[owners[i]!] ??= []).push(place);
    }
  }
  return members;
}

/** `city`, where the mask says so, else `paris, rome`. */
export function partName(
  own: string | undefined,
  members: readonly number[],
  nameOf: (place: number) => string,
): string {
  if (own) return own;
  const names = members.slice(0, 3).map(nameOf).join(', ');
  return members.length > 3 ? `${names}, … (${members.length})` : names;
}
