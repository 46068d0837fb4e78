/**
 * What stands for `vitest` in a page: its own runner and its own matchers, which need no Node.
 */
import {
  ASYMMETRIC_MATCHERS_OBJECT,
  GLOBAL_EXPECT,
  JestAsymmetricMatchers,
  JestChaiExpect,
  JestExtend,
  chai,
  getState,
  setState,
} from '@vitest/expect';
import type {ExpectStatic} from '@vitest/expect';
import {fn, restoreAllMocks, spyOn} from '@vitest/spy';

export {afterAll, afterEach, beforeAll, beforeEach, describe, it, test} from '@vitest/runner';

for (const plugin of [JestExtend, JestChaiExpect, JestAsymmetricMatchers]) chai.use(plugin);

interface Globals {
  [ASYMMETRIC_MATCHERS_OBJECT]: object;
  [GLOBAL_EXPECT]: ExpectStatic;
}
const globals = globalThis as unknown as Globals;

/** The matchers keep their state by this function. */
export const expect = Object.assign(
  (value: unknown, message?: string) => chai.expect(value, message),
  chai.expect,
  globals[ASYMMETRIC_MATCHERS_OBJECT],
) as unknown as ExpectStatic;

globals[GLOBAL_EXPECT] = expect;
setState({assertionCalls: 0, isExpectingAssertions: false, expectedAssertionsNumber: null}, expect);
expect.getState = () => getState(expect);

export const vi = {fn, restoreAllMocks, spyOn};
