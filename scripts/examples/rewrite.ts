/**
 * Turns an example into a program that checks itself: a trailing comment that is a literal becomes a check of
 * the statement's value, a comment such as `// ShapeError: …` a check that the statement throws it.
 */
import ts from 'typescript';
import {parseLiteral, prose} from './literal';

/** The names that a rewritten example calls. */
export const checkName = '__check';
export const checkThrowsName = '__checkThrows';
export const importName = '__import';

const given = /^(glassbox(\/.*)?|@tensorflow\/tfjs-(core|layers))$/;
const errorComment = /^([A-Z]\w*Error)\b:?\s*(.*)$/;

/**
 * The example's code for the body of an async function: imports become calls of `importing`, and those of what is in
 * scope anyway go. Lines stay where they are.
 */
export function withoutImports(code: string, importing: string): string {
  const source = parse(code);
  let result = code;
  for (const statement of [...source.statements].reverse()) {
    if (!ts.isImportDeclaration(statement)) continue;
    const from = (statement.moduleSpecifier as ts.StringLiteral).text;
    const blank = '\n'.repeat(statement.getText().split('\n').length - 1);
    const replacement = given.test(from) ? '' : dynamicImport(statement, from, importing);
    result = result.slice(0, statement.getStart()) + replacement + blank + result.slice(statement.end);
  }
  return result;
}

function dynamicImport(statement: ts.ImportDeclaration, from: string, importing: string): string {
  const bindings = statement.importClause?.namedBindings;
  const loaded = `await ${importing}('${from}')`;
  if (bindings === undefined) return loaded + ';';
  if (ts.isNamespaceImport(bindings)) return `const ${bindings.name.text} = ${loaded};`;
  const names = bindings.elements.map(e =>
    e.propertyName ? `${e.propertyName.text}: ${e.name.text}` : e.name.text,
  );
  return `const {${names.join(', ')}} = ${loaded};`;
}

/** JavaScript for the body of an async function. */
export function rewrite(code: string): string {
  const plain = withoutImports(code, importName);
  const source = parse(plain);
  const edits: {start: number; end: number; text: string}[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) || ts.isClassLike(node)) return;
    if (ts.isStatement(node)) {
      const text = checked(node, plain, source);
      if (text !== undefined) edits.push({start: node.getStart(source), end: node.end, text});
    }
    ts.forEachChild(node, visit);
  };
  source.statements.forEach(visit);
  const typed = edits
    .sort((a, b) => b.start - a.start)
    .reduce((text, edit) => text.slice(0, edit.start) + edit.text + text.slice(edit.end), plain);
  const options = {target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: false};
  return ts.transpileModule(`{\n${typed}\n}`, {compilerOptions: options}).outputText;
}

/** The statement with its check, or undefined if nothing is promised. */
function checked(statement: ts.Statement, code: string, source: ts.SourceFile): string | undefined {
  const text = statement.getText(source);
  const comment = commentAfter(code, statement.end);
  const error = errorComment.exec(comment.sameLine ?? comment.nextLine ?? '');
  if (error !== null) {
    const quoted = [error[1]!, error[2]!].map(part => JSON.stringify(part)).join(', ');
    return `await ${checkThrowsName}(async () => { ${ts.isExpressionStatement(statement) ? `await ${text}` : text} }, ${quoted});`;
  }
  if (comment.sameLine === undefined || parseLiteral(comment.sameLine) === prose) return undefined;
  const promised = JSON.stringify(comment.sameLine);
  if (ts.isExpressionStatement(statement)) {
    return `await ${checkName}(${printed(statement.expression).getText(source)}, ${promised});`;
  }
  if (ts.isVariableStatement(statement)) {
    const {declarations} = statement.declarationList;
    const name = declarations[0]?.name;
    if (declarations.length !== 1 || name === undefined || !ts.isIdentifier(name)) return undefined;
    return `${text} await ${checkName}(${name.text}, ${promised});`;
  }
  return undefined;
}

/** The argument of `console.log(x)`, or the expression itself. */
function printed(expression: ts.Expression): ts.Expression {
  if (!ts.isCallExpression(expression) || expression.expression.getText() !== 'console.log')
    return expression;
  return expression.arguments.length === 1 ? expression.arguments[0]! : expression;
}

function commentAfter(code: string, end: number): {sameLine?: string; nextLine?: string} {
  const [rest = '', next = ''] = code.slice(end).split('\n');
  const sameLine = /^\s*\/\/\s*(.*?)\s*$/.exec(rest)?.[1];
  if (sameLine !== undefined) return {sameLine};
  const nextLine = rest.trim() === '' ? /^\s*\/\/\s*(.*?)\s*$/.exec(next)?.[1] : undefined;
  return nextLine === undefined ? {} : {nextLine};
}

function parse(code: string): ts.SourceFile {
  return ts.createSourceFile('example.ts', code, ts.ScriptTarget.ES2022, true);
}
