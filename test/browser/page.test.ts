/** The tests in pages themselves: nothing that goes wrong there may pass for a test that passed. */
import {describe, expect, it} from 'vitest';
import {runTestsInPage} from './testInPage';

describe('tests in a page', () => {
  it('that fail, are skipped, or stand behind a hook that fails are told of as such', async () => {
    const {reports, failure} = await runTestsInPage(['test/browser/page/failing.ts'], {backend: 'cpu'});
    expect(failure).toBeUndefined();
    const told = reports.map(({name, error, skipped = false}) => [
      name.join(' > '),
      error?.split('\n')[0] ?? (skipped ? 'skipped' : 'passed'),
    ]);
    expect(told).toHaveLength(5);
    expect(told).toEqual(
      expect.arrayContaining([
        ['a suite > has a test that passes', 'passed'],
        ['a suite > has one that fails', expect.stringContaining('expected 1 to be 2')],
        ['a suite > has one that is skipped', 'skipped'],
        ['a suite > in it, whose hook fails', expect.stringContaining('no backend')],
        ['a suite > in it, whose hook fails > does not run', 'skipped'],
      ]),
    );
  });

  it('of a page that breaks off say so', async () => {
    const {reports, failure} = await runTestsInPage(['test/browser/page/failing.ts'], {
      backend: 'cpu',
      timeout: 1,
    });
    expect(reports).toEqual([]);
    expect(String(failure)).toContain('did not report');
  });
});
