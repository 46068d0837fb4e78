/**
 * The sources as a TypeScript program, and its examples as modules, each example a function, so that they
 * are type-checked as a user's code would be.
 */
import {join, relative} from 'node:path';
import ts from 'typescript';
import type {Example} from './extract';
import {withoutImports} from './rewrite';

/** A program of the project's sources, with `tsconfig.json`'s options. */
export function sourceProgram(root: string): {program: ts.Program; files: string[]} {
  const {options, fileNames} = projectConfig(root);
  const files = fileNames.filter(
    name => !relative(root, name).startsWith('..') && name.startsWith(join(root, 'src/')),
  );
  return {program: ts.createProgram(files, options), files};
}

function projectConfig(root: string): ts.ParsedCommandLine {
  const config: unknown = ts.readConfigFile(join(root, 'tsconfig.json'), path =>
    ts.sys.readFile(path),
  ).config;
  return ts.parseJsonConfigFileContent(config, ts.sys, root);
}

/**
 * What the compiler has against the examples, each as `file:line: message`. In scope are the exports of `entries`
 * and of the file and folder that an example stands in, and `tf` and `layers` for tfjs-core and tfjs-layers.
 */
export function typeErrors(
  examples: readonly Example[],
  {root, program, entries}: {root: string; program: ts.Program; entries: readonly string[]},
): string[] {
  const modules = new Map(examplesModules(examples, {root, program, entries}));
  const options = {
    ...program.getCompilerOptions(),
    verbatimModuleSyntax: false,
    noUncheckedIndexedAccess: false,
  };
  const host = ts.createCompilerHost(options);
  const readSource = host.getSourceFile.bind(host);
  host.getSourceFile = (name, ...rest) => {
    const module = modules.get(name);
    if (module !== undefined) return ts.createSourceFile(name, module.text, ts.ScriptTarget.ES2022, true);
    return program.getSourceFile(name) ?? readSource(name, ...rest);
  };
  const withExamples = ts.createProgram([...modules.keys()], options, host);
  return [...modules].flatMap(([path, module]) => {
    const file = withExamples.getSourceFile(path)!;
    return ts.getPreEmitDiagnostics(withExamples, file).map(diagnostic => {
      const line = file.getLineAndCharacterOfPosition(diagnostic.start ?? 0).line;
      const message = ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n');
      const found = module.examples.findLast(({start}) => start <= line);
      if (found === undefined) return message;
      const {file: where, line: first, name} = found.example;
      return `${where}:${first + line - found.start - 1} (${name}): ${message}`;
    });
  });
}

interface ExamplesModule {
  text: string;
  examples: {example: Example; start: number}[];
}

/** The index of the folder that a source stands in. */
export function doorOf(file: string): string {
  return file.replace(/^(src\/[^/]+)\/.*$/, '$1/index.ts');
}

/** One module for each file that has examples, by the path that it pretends to have. */
function examplesModules(
  examples: readonly Example[],
  {root, program, entries}: {root: string; program: ts.Program; entries: readonly string[]},
): [string, ExamplesModule][] {
  const checker = program.getTypeChecker();
  const exportsOf = (path: string): string[] => {
    const source = program.getSourceFile(path);
    const module = source && checker.getSymbolAtLocation(source);
    return module === undefined ? [] : checker.getExportsOfModule(module).map(symbol => symbol.name);
  };
  return [...new Set(examples.map(example => example.file))].map((file, i) => {
    const seen = new Set(['tf', 'layers', 'default']);
    const doors = [join(root, doorOf(file)), join(root, file)];
    const imports = [...entries, ...doors].map(path => {
      const fresh = exportsOf(path).filter(name => !seen.has(name));
      fresh.forEach(name => seen.add(name));
      return fresh.length === 0 ? '' : `import {${fresh.join(', ')}} from '${path.replace(/\.ts$/, '')}';`;
    });
    const lines = [
      ...imports,
      "import * as tf from '@tensorflow/tfjs-core';",
      "import * as layers from '@tensorflow/tfjs-layers';",
    ];
    const own = examples.filter(example => example.file === file);
    const placed = own.map((example, j) => {
      const start = lines.length;
      const code = withoutImports(example.code, 'import').split('\n');
      lines.push(`export async function example${j}() {`, ...code, '}');
      return {example, start};
    });
    return [join(root, `__examples${i}.ts`), {text: lines.join('\n'), examples: placed}];
  });
}
