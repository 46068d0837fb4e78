/**
 * One headless Chromium for all pages of the tests, spoken to through its own debugging port.
 */
import {spawn} from 'node:child_process';
import {existsSync, mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';

const candidates = [
  process.env['CHROMIUM'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];

const flags = [
  '--headless=new',
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-dev-shm-usage',
  // WebGPU on a machine without a GPU; WebGL runs in software by itself.
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  // Pages that are not in front are to run as fast as others.
  '--disable-background-timer-throttling',
  '--disable-backgrounding-occluded-windows',
  '--disable-renderer-backgrounding',
  '--remote-debugging-port=0',
];

const START_TIMEOUT = 30_000;

/** A browser that runs. */
export interface Chromium {
  /** Where it is spoken to. */
  readonly endpoint: string;
  close(): Promise<void>;
}

/** Where Chromium is on this machine; undefined where it is not. */
export function findChromium(): string | undefined {
  return candidates.find(path => path !== undefined && existsSync(path));
}

export async function startChromium(executable: string): Promise<Chromium> {
  const profile = mkdtempSync(join(tmpdir(), 'glassbox-chromium-'));
  const browser = spawn(executable, [...flags, `--user-data-dir=${profile}`, 'about:blank'], {
    stdio: 'ignore',
    detached: true,
  });
  const exited = new Promise<void>(resolve => browser.once('exit', () => resolve()));
  const close = async (): Promise<void> => {
    if (browser.pid !== undefined && browser.exitCode === null) process.kill(-browser.pid, 'SIGKILL');
    await exited;
    rmSync(profile, {recursive: true, force: true, maxRetries: 5});
  };
  const portFile = join(profile, 'DevToolsActivePort');
  for (let waited = 0; waited < START_TIMEOUT && browser.exitCode === null; waited += 100) {
    const port = existsSync(portFile) ? readFileSync(portFile, 'utf8').split('\n')[0]! : '';
    if (port !== '') return {endpoint: `http://127.0.0.1:${port}`, close};
    await sleep(100);
  }
  await close();
  throw new Error(`Chromium (${executable}) did not start within ${START_TIMEOUT / 1000} s.`);
}

/** Opens a page in a tab of its own; gives what closes it. */
export async function openPage(endpoint: string, url: string): Promise<() => Promise<void>> {
  const opened = await fetch(`${endpoint}/json/new?${encodeURIComponent(url)}`, {method: 'PUT'});
  const {id} = (await opened.json()) as {id: string};
  return async () => {
    await (await fetch(`${endpoint}/json/close/${id}`)).text();
  };
}
