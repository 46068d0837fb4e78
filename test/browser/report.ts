/** What a page says of a test that has ended. */
export interface TestReport {
  /** The path of the test file. */
  readonly file: string;
  /** The names of the suites that it is in, and its own. */
  readonly name: readonly string[];
  /** Why it failed. */
  readonly error?: string;
  readonly skipped?: boolean;
  readonly ms: number;
}
