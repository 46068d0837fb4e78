/**
 * Imports a package that only Node has. A bundler does not look for it, so that it need not be installed where it is
 * not used; and an ES module is imported as one from CommonJS too (`scripts/build.ts` leaves this import alone).
 *
 * @throws whatever the import throws; `isMissing` tells whether the package is not there
 */
export function importAtRuntime(packageName: string): Promise<object> {
  return import(/* webpackIgnore: true */ /* @vite-ignore */ packageName) as Promise<object>;
}

/** Whether an import failed because that very package, not one that it needs, is not installed. */
export function isMissing(packageName: string, error: unknown): boolean {
  const message = String((error as {message?: unknown}).message);
  // Node says the one, and what loads modules in its place the other.
  const found = /(?:cannot find (?:package|module)|could not resolve) ['"]([^'"]+)['"]/i.exec(message);
  return found?.[1] === packageName;
}
