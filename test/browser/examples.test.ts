/** The pages of `examples/page`, used as a visitor uses them. */
import {cpSync, mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {describe, expect, it} from 'vitest';
import {runInChromium} from './runInChromium';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Opens a page in a frame, and waits for what it shows. */
const visiting = (address: string): string => `
  const frame = document.createElement('iframe');
  frame.src = '/examples/page/${address}';
  frame.style = 'width: 800px; height: 900px';
  document.body.append(frame);
  await new Promise(resolve => (frame.onload = resolve));
  const part = id => frame.contentDocument.getElementById(id);
  const until = async (what, isSo) => {
    for (const end = performance.now() + 60000; !isSo(); ) {
      if (performance.now() > end) throw new Error('waited for ' + what + ': ' + part('state').textContent);
      await new Promise(resolve => setTimeout(resolve, 20));
    }
  };`;

describe('the page that trains', () => {
  it('shows how training proceeds, and what was learned', async () => {
    const result = (await runInChromium(
      root,
      `${visiting('train.html?epochs=2&images=1500')}
       part('start').click();
       await until('the end', () => part('state').textContent.startsWith('Done'));
       const canvas = part('curve');
       const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
       return {
         state: part('state').textContent, epoch: part('epoch').textContent, progress: part('progress').value,
         accuracy: parseFloat(part('test').textContent), drawn: pixels.some(value => value > 0),
         buttons: [part('start').disabled, part('stop').disabled],
       };`,
      {isolated: true},
    )) as {accuracy: number; state: string};
    expect(result).toMatchObject({epoch: '2 / 2', progress: 1, drawn: true, buttons: [false, true]});
    expect(result.state).toMatch(/^Done after 94 steps on \w+, \d+ threads?$/);
    expect(result.accuracy).toBeGreaterThan(65);
  });

  it('answers while it trains, and stops when told to', async () => {
    const result = (await runInChromium(
      root,
      `${visiting('train.html?epochs=50&images=6000')}
       part('start').click();
       await until('training', () => part('progress').value > 0);
       // How long the page itself keeps others waiting.
       let longest = 0;
       for (let i = 0, last = performance.now(); i < 40; i++) {
         await new Promise(resolve => setTimeout(resolve, 5));
         longest = Math.max(longest, performance.now() - last - 5);
         last = performance.now();
       }
       const at = part('progress').value;
       part('stop').click();
       await until('the end', () => part('state').textContent.startsWith('Stopped'));
       return {longest, went: part('progress').value >= at, early: part('progress').value < 0.5, test: part('test').textContent};`,
      {isolated: true},
    )) as {longest: number};
    expect(result).toMatchObject({went: true, early: true, test: expect.stringMatching(/%$/) as string});
    expect(result.longest).toBeLessThan(400);
  });
});

describe('the page that explains', () => {
  it('draws a heat map of the image that is chosen on a canvas', async () => {
    const result = await runInChromium(
      root,
      `${visiting('explain.html')}
       await until('the first explanation', () => part('heatmap').dataset.place === '0');
       part('pictures').children[3].click();
       await until('the second', () => part('heatmap').dataset.place === '3');
       const canvas = part('heatmap');
       const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
       const colours = {red: 0, blue: 0};
       for (let i = 0; i < data.length; i += 4) {
         if (data[i] > data[i + 2] + 30) colours.red++;
         if (data[i + 2] > data[i] + 30) colours.blue++;
       }
       return {
         pictures: part('pictures').children.length, pressed: part('pictures').children[3].getAttribute('aria-pressed'),
         red: colours.red > 1000, blue: colours.blue > 1000, says: part('state').textContent.replace(/ \\d+ %/, ' …'),
       };`,
      {isolated: true},
    );
    expect(result).toEqual({
      ...{pictures: 24, pressed: 'true', red: true, blue: true},
      says: 'The network says: Trouser, … sure.',
    });
  });

  it('says what went wrong when it cannot begin', async () => {
    // The pages as they are served, but for the images.
    const folder = mkdtempSync(join(tmpdir(), 'glassbox-page-'));
    try {
      cpSync(join(root, 'examples/page'), join(folder, 'examples/page'), {recursive: true});
      const said = await runInChromium(
        {'/': folder, '/dist': join(root, 'dist')},
        `${visiting('explain.html')}
         await until('the error', () => part('state').textContent.includes('Error'));
         return part('state').textContent;`,
      );
      expect(said).toMatch(/^\w*Error: .*t10k-images/);
    } finally {
      rmSync(folder, {recursive: true, force: true});
    }
  });
});
