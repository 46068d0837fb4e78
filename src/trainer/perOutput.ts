/**
 * Options that may be given once for all outputs, in order, or by output name.
 */
import {ConfigurationError, unknownName} from '../core';
import type {PerOutput} from './options';

interface Named {
  readonly name: string;
}

/**
 * Spreads `given` over `ports`: one value for every port, undefined where a record leaves one out.
 *
 * @throws ConfigurationError for a list of another length or a name that no port has.
 */
export function perOutput<T extends string | number | object | null>(
  option: string,
  given: PerOutput<T>,
  ports: readonly Named[],
): (T | undefined)[] {
  if (Array.isArray(given)) {
    const list = given as readonly T[];
    if (list.length !== ports.length) {
      throw new ConfigurationError(`${option} lists ${list.length} entries for ${ports.length} outputs.`, {
        hint: 'Give one an output, or a record by output name.',
      });
    }
    return [...list];
  }
  if (isRecord<T>(given)) {
    const known = ports.map(port => port.name);
    for (const name of Object.keys(given)) {
      if (!known.includes(name)) throw unknownName(`output in ${option}`, name, known);
    }
    return ports.map(port => given[port.name]);
  }
  return ports.map(() => given as T);
}

/** A plain object, with or without a prototype, as opposed to a class instance, which is a value of its own. */
export function isRecord<T>(value: unknown): value is Readonly<Record<string, T>> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
