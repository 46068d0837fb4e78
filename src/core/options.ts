/**
 * Checks of options objects: a misspelt option is an error, and not a default.
 */
import {ConfigurationError, unknownName} from './errors';

/**
 * Throws for an option that does not exist, such as `{alhpa: 0.1}`, and for what is no options object.
 *
 * @param owner What takes the options, as errors call it: `'cosine'`, `'shuffle()'`.
 * @param aliases Other libraries' names of options, each with the one that is meant here.
 * @throws ConfigurationError naming the nearest option.
 *
 * @example
 * checkNames('cosine', {initial: 1, steps: 10}, ['initial', 'steps', 'alpha']);
 */
export function checkNames(
  owner: string,
  options: unknown,
  known: readonly string[],
  aliases: Readonly<Record<string, string>> = {},
): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    const found = options === null ? 'null' : Array.isArray(options) ? 'an array' : typeof options;
    throw new ConfigurationError(`The options of ${owner} are an object, got ${found}.`, {
      hint: `Write {${known.map(name => `${name}: …`).join(', ')}}, with those that are needed.`,
      code: 'configuration/options',
    });
  }
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    const meant = Object.hasOwn(aliases, name) ? aliases[name] : undefined;
    if (meant === undefined || !known.includes(meant)) throw unknownName(`option of ${owner}`, name, known);
    throw new ConfigurationError(`Unknown option of ${owner} '${name}'.`, {
      hint: `It is called '${meant}' here.`,
      code: 'configuration/unknown-name',
    });
  }
}
