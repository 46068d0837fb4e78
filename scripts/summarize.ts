/**
 * Sums up vitest's JSON reports, given as paths: each failure with its message, then in one line `N passed, N failed`,
 * with `, N skipped` where there are any. Ends with 1 if a test failed, a file could not run or a report is missing.
 */
import {existsSync, readFileSync} from 'node:fs';
import {relative} from 'node:path';

interface Test {
  fullName: string;
  status: string;
  failureMessages?: string[];
}

interface Report {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numTodoTests: number;
  testResults: {name: string; status: string; message?: string; assertionResults: Test[]}[];
}

let passed = 0;
let failed = 0;
let skipped = 0;
for (const path of process.argv.slice(2)) {
  if (!existsSync(path)) {
    console.log(`No report at ${path}: the tests did not run to their end.`);
    failed++;
    continue;
  }
  const report = JSON.parse(readFileSync(path, 'utf8')) as Report;
  passed += report.numPassedTests;
  // A file that breaks before its first test counts as one failure.
  failed += report.numFailedTests + report.testResults.filter(broken).length;
  skipped += report.numPendingTests + report.numTodoTests;
  for (const file of report.testResults) tellFailures(file);
}
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exitCode = failed > 0 ? 1 : 0;

function broken(file: Report['testResults'][number]): boolean {
  return file.status === 'failed' && file.assertionResults.length === 0;
}

function tellFailures(file: Report['testResults'][number]): void {
  const name = relative(process.cwd(), file.name);
  if (broken(file)) console.log(`FAILED ${name}\n  ${beginning(file.message ?? '')}`);
  for (const test of file.assertionResults) {
    if (test.status !== 'failed') continue;
    console.log(`FAILED ${name}: ${test.fullName}\n  ${beginning(test.failureMessages?.join('\n') ?? '')}`);
  }
}

/** The first lines of a message, which say what was found; the stack is in the report above. */
function beginning(message: string): string {
  return message.split('\n').slice(0, 6).join('\n  ');
}
