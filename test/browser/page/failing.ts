/** A test file that goes wrong in every way that a page has to tell of (test/browser/page.test.ts). */
import {beforeAll, describe, expect, it} from 'vitest';

describe('a suite', () => {
  it('has a test that passes', () => expect(1).toBe(1));
  it('has one that fails', () => expect(1).toBe(2));
  it.skip('has one that is skipped', () => expect(1).toBe(2));

  describe('in it, whose hook fails', () => {
    beforeAll(() => {
      throw new Error('no backend');
    });
    it('does not run', () => expect(1).toBe(1));
  });
});
