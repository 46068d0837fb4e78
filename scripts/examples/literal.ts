/**
 * Reads the values that examples promise in their comments, and compares.
 */
import {isDeepStrictEqual} from 'node:util';
import ts from 'typescript';

/** A number as it was written: `0.693` promises its decimals, `0.5` is 0.5. */
export class WrittenNumber {
  constructor(
    readonly value: number,
    readonly tolerance: number,
  ) {}
}

/** Unique, since `undefined` is a value that can be promised. */
export const prose = Symbol('prose');

/** The value that a comment promises, or `prose` if it is no literal. A leading `≈` or trailing `…` is allowed. */
export function parseLiteral(comment: string): unknown {
  const rounded = /^[≈~]/.test(comment) || /\d…/.test(comment);
  if (/(^|\D)…/.test(comment)) return prose;
  const text = comment
    .replace(/^[≈~]\s*/, '')
    .replaceAll('…', '')
    .replace(/\.$/, '')
    .trim();
  if (text === '') return prose;
  const source = ts.createSourceFile('literal.ts', `(${text})`, ts.ScriptTarget.ES2022, true);
  const statement = source.statements[0];
  const broken = (source as unknown as {parseDiagnostics: unknown[]}).parseDiagnostics.length > 0;
  if (broken || source.statements.length !== 1 || statement === undefined) return prose;
  if (!ts.isExpressionStatement(statement) || !ts.isParenthesizedExpression(statement.expression))
    return prose;
  return evaluate(statement.expression.expression, rounded);
}

const constants: Record<string, unknown> = {
  undefined,
  NaN: new WrittenNumber(NaN, 0),
  Infinity: new WrittenNumber(Infinity, 0),
};

function evaluate(node: ts.Expression, rounded: boolean): unknown {
  if (ts.isNumericLiteral(node)) return written(node.getText(), rounded);
  if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.MinusToken) {
    const operand = evaluate(node.operand, rounded);
    return operand instanceof WrittenNumber ? new WrittenNumber(-operand.value, operand.tolerance) : prose;
  }
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return node.text;
  if (node.kind === ts.SyntaxKind.TrueKeyword) return true;
  if (node.kind === ts.SyntaxKind.FalseKeyword) return false;
  if (node.kind === ts.SyntaxKind.NullKeyword) return null;
  if (ts.isIdentifier(node)) return node.text in constants ? constants[node.text] : prose;
  if (ts.isArrayLiteralExpression(node)) {
    const elements = node.elements.map(element => evaluate(element, rounded));
    return elements.includes(prose) ? prose : elements;
  }
  if (ts.isObjectLiteralExpression(node)) {
    const entries = node.properties.map((property): [string, unknown] => {
      if (!ts.isPropertyAssignment(property)) return ['', prose];
      if (!ts.isIdentifier(property.name) && !ts.isStringLiteral(property.name)) return ['', prose];
      return [property.name.text, evaluate(property.initializer, rounded)];
    });
    return entries.some(([, value]) => value === prose) ? prose : Object.fromEntries(entries);
  }
  return prose;
}

function written(text: string, rounded: boolean): WrittenNumber {
  const value = Number(text.replaceAll('_', ''));
  const [mantissa = '', exponent = '0'] = text.toLowerCase().split('e');
  const decimals = mantissa.split('.')[1]?.length;
  const float32 = 1e-6 * Math.max(1e-30, Math.abs(value));
  const lastDigit = 0.5000001 * 10 ** (Number(exponent) - (decimals ?? 0));
  // A number with two or more decimals may be rounded; one such as `0.5` or `3` only where the example says so.
  const exact = (decimals ?? 0) < 2 && !rounded;
  const tolerance = exact ? 1e-6 * Math.max(1, Math.abs(value)) : rounded ? 2 * lastDigit : lastDigit;
  return new WrittenNumber(value, Math.max(tolerance, float32));
}

/** What is wrong with `actual`, or undefined if it is what was promised. Tensors must have been read before. */
export function difference(value: unknown, expected: unknown, where = 'the value'): string | undefined {
  const actual = ArrayBuffer.isView(value) ? Array.from(value as Float32Array) : value;
  if (expected instanceof WrittenNumber) {
    // What `dataSync()` gives for a scalar.
    if (Array.isArray(actual) && actual.length === 1) return difference(actual[0], expected, where);
    const near =
      typeof actual === 'number' &&
      (Object.is(actual, expected.value) || Math.abs(actual - expected.value) <= expected.tolerance);
    return near ? undefined : `${where} is ${show(actual)}, the comment says ${expected.value}`;
  }
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual) || actual.length !== expected.length) {
      return `${where} is ${show(actual)}, the comment says ${expected.length} elements`;
    }
    return firstOf(expected.map((element, i) => difference(actual[i], element, `${where}[${i}]`)));
  }
  if (typeof expected === 'object' && expected !== null) {
    if (typeof actual !== 'object' || actual === null)
      return `${where} is ${show(actual)}, the comment an object`;
    const found = actual as Record<string, unknown>;
    const surplus = Object.keys(found).find(key => !(key in expected) && found[key] !== undefined);
    if (surplus !== undefined) return `${where} has '${surplus}', of which the comment does not speak`;
    return firstOf(
      Object.entries(expected).map(([key, value]) => difference(found[key], value, `${where}.${key}`)),
    );
  }
  return isDeepStrictEqual(actual, expected)
    ? undefined
    : `${where} is ${show(actual)}, the comment says ${show(expected)}`;
}

function firstOf(differences: readonly (string | undefined)[]): string | undefined {
  return differences.find(text => text !== undefined);
}

function show(value: unknown): string {
  if (typeof value === 'object' && value !== null) return JSON.stringify(value)?.slice(0, 200) ?? '';
  return typeof value === 'string' ? `'${value}'` : String(value);
}
