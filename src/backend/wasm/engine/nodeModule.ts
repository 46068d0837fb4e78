/** Node's own modules, from files that browsers load too. */

interface NodeProcess {
  versions?: {node?: string};
  getBuiltinModule?(name: string): unknown;
}

/** A module of Node's; undefined in a browser. */
export async function nodeModule<Module>(name: string): Promise<Module | undefined> {
  const {process} = globalThis as {process?: NodeProcess};
  if (typeof process?.versions?.node !== 'string') return undefined;
  // Since Node 20.16. Before, an import that bundlers for browsers must not follow.
  const builtin = process.getBuiltinModule?.(name);
  const found: unknown =
    builtin ?? (await import(/* webpackIgnore: true */ /* @vite-ignore */ `node:${name}`));
  return found as Module;
}
