/**
 * Finds the `@example`s of the sources, the code blocks of a Markdown page, and public names that have no
 * documentation.
 */
import {readFileSync} from 'node:fs';
import {relative} from 'node:path';
import ts from 'typescript';

/** A piece of code in the documentation, and where it stands. */
export interface Example {
  readonly name: string;
  readonly file: string;
  /** Of the first line of code, from 1. */
  readonly line: number;
  readonly code: string;
}

/** Every `@example` in the given files, methods' included. */
export function docstringExamples(program: ts.Program, files: readonly string[], root: string): Example[] {
  const examples: Example[] = [];
  for (const path of files) {
    const source = program.getSourceFile(path);
    if (source === undefined) throw new Error(`${path} is not part of the program`);
    const visit = (node: ts.Node, owner: string): void => {
      const own = ts.isVariableStatement(node) ? node.declarationList.declarations[0] : node;
      const named = own as {name?: ts.Node} | undefined;
      const name = named?.name !== undefined && ts.isIdentifier(named.name) ? named.name.text : '';
      const path = name === '' ? owner : owner === '' ? name : `${owner}.${name}`;
      const documented = node as {jsDoc?: ts.JSDoc[]};
      for (const tag of documented.jsDoc?.flatMap(comment => comment.tags ?? []) ?? []) {
        if (tag.tagName.text === 'example') examples.push(exampleOf(tag, source, path, root));
      }
      ts.forEachChild(node, child => visit(child, path));
    };
    visit(source, '');
  }
  return examples;
}

function exampleOf(tag: ts.JSDocTag, source: ts.SourceFile, name: string, root: string): Example {
  const raw = source.text.slice(tag.tagName.end, tag.end);
  const first = source.getLineAndCharacterOfPosition(tag.tagName.end).line + 1;
  const lines = raw.split('\n').map((line, i) => (i === 0 ? line : line.replace(/^\s*\*\/?\s?/, '')));
  const code = lines.map(line => (/^\s*```\w*\s*$/.test(line) ? '' : line)).join('\n');
  const leading = /^\s*\n/.exec(code)?.[0].split('\n').length ?? 1;
  return {
    name,
    file: relative(root, source.fileName),
    line: first + leading - 1,
    code: code.replace(/^\s*\n/, '').trimEnd(),
  };
}

/**
 * The ```` ```ts ```` blocks of a Markdown page. What a block takes for granted may stand before it in a comment that
 * readers do not see: `<!-- given … -->`.
 */
export function markdownExamples(path: string, root: string): Example[] {
  const text = readFileSync(path, 'utf8');
  const file = relative(root, path);
  return [...text.matchAll(/(?:<!-- given\n([\s\S]*?)-->\s*)?^```ts\n([\s\S]*?)^```/gm)].map(match => {
    const [whole, given = '', code = ''] = match;
    const start = match.index + whole.length - '```'.length - code.length;
    const line = text.slice(0, start).split('\n').length;
    return {name: 'block', file, line: line - given.split('\n').length + 1, code: given + code.trimEnd()};
  });
}

/** A public name that lacks something. */
export interface Gap {
  readonly name: string;
  readonly lacks: 'docstring' | 'example';
}

/** Types that say nothing their members do not: what a function takes, what a hook sees. */
const selfEvident = /(Options|Context)$/;

/**
 * What the public names of the entries lack. Types need a docstring; functions, classes and constants an
 * `@example` too. Errors are exempt from the example: they are thrown, not made, by users.
 */
export function documentationGaps(program: ts.Program, entries: readonly string[]): Gap[] {
  const checker = program.getTypeChecker();
  const gaps = new Map<string, Gap>();
  const visitModule = (module: ts.Symbol, prefix: string): void => {
    for (const exported of checker.getExportsOfModule(module)) visit(exported, prefix);
  };
  const visit = (exported: ts.Symbol, prefix: string): void => {
    const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
    const name = prefix + exported.name;
    if (symbol.flags & ts.SymbolFlags.ValueModule) {
      visitModule(symbol, `${name}.`);
      return;
    }
    const isValue = (symbol.flags & ts.SymbolFlags.Value) !== 0 && !isTypeOnly(exported);
    const isDocumented =
      symbol.getDocumentationComment(checker).length > 0 || (!isValue && selfEvident.test(name));
    if (!isDocumented) gaps.set(name, {name, lacks: 'docstring'});
    const hasExample = symbol.getJsDocTags(checker).some(tag => tag.name === 'example');
    if (isValue && !hasExample && !isError(symbol, checker))
      gaps.set(`${name} example`, {name, lacks: 'example'});
  };
  for (const entry of entries) {
    const source = program.getSourceFile(entry);
    const module = source && checker.getSymbolAtLocation(source);
    if (module === undefined) throw new Error(`${entry} is not a module of the program`);
    visitModule(module, '');
  }
  return [...gaps.values()];
}

/** Whether only the type of a class is exported: `export {type X}`. */
function isTypeOnly(exported: ts.Symbol): boolean {
  return exported.declarations?.some(node => ts.isExportSpecifier(node) && node.isTypeOnly) ?? false;
}

function isError(symbol: ts.Symbol, checker: ts.TypeChecker): boolean {
  if (!(symbol.flags & ts.SymbolFlags.Class)) return false;
  const instance = checker.getDeclaredTypeOfSymbol(symbol);
  const names = new Set(instance.getProperties().map(property => property.name));
  return names.has('stack') && names.has('message') && names.has('code');
}
