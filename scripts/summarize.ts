/**
 * Sums up vitest's JSON reports, given as paths, in one line: `N passed, N failed`, with `, N skipped` where there
 * are any. Ends with 1 if a test failed, a file could not run or a report is missing.
 */
import {existsSync, readFileSync} from 'node:fs';

interface Report {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numTodoTests: number;
  testResults: {name: string; status: string; assertionResults: unknown[]}[];
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
}
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exitCode = failed > 0 ? 1 : 0;

function broken(file: Report['testResults'][number]): boolean {
  return file.status === 'failed' && file.assertionResults.length === 0;
}
