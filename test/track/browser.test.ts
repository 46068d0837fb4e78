/** What the browser bundle hands out beside the root's. */
import {expect, test} from 'vitest';
import * as browser from '../../src/browser';
import * as index from '../../src/index';
import * as track from '../../src/track';

test('the browser bundle has all of the root and the loggers', () => {
  const names = Object.keys(browser);
  expect(names).toEqual(
    expect.arrayContaining([...Object.keys(index), ...Object.keys(track), 'tf', 'layers']),
  );
  expect(Object.keys(track)).toEqual(expect.arrayContaining(['CSVLogger', 'JSONLinesLogger', 'MemorySink']));
});
