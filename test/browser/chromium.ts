/**
 * Runs a module in headless Chromium, in a page of a small local server.
 */
import {spawn} from 'node:child_process';
import {existsSync, mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {createServer, type IncomingMessage} from 'node:http';
import type {AddressInfo} from 'node:net';
import {tmpdir} from 'node:os';
import {extname, join, normalize} from 'node:path';

const candidates = [
  process.env['CHROMIUM'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];

const flags = [
  '--headless=new',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-dev-shm-usage',
  // A software GPU for WebGPU; WebGL has one by itself.
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
];

const types: Record<string, string> = {
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
  '.html': 'text/html',
};

/** How a page's module ended: what its default export resolved to, as JSON, or why it failed. */
interface PageReport {
  value?: unknown;
  error?: string;
}

/**
 * Serves `folder`, opens a page whose module script is `code`, and gives what the page reports. The code is the
 * body of an async function, and returns something that JSON can hold.
 *
 * @param isolated whether the server sends the headers with which a page may share memory with its workers
 */
export async function runInChromium(
  folder: string,
  code: string,
  {timeout = 90_000, isolated = false} = {},
): Promise<unknown> {
  const executable = candidates.find(path => path !== undefined && existsSync(path));
  if (executable === undefined) throw new Error('Chromium is not installed: apt-get install chromium');
  const profile = mkdtempSync(join(tmpdir(), 'glassbox-chromium-'));
  let settle: (report: PageReport) => void;
  const reported = new Promise<PageReport>(resolve => (settle = resolve));

  const server = createServer((request, response) => {
    if (isolated) {
      response.setHeader('cross-origin-opener-policy', 'same-origin');
      response.setHeader('cross-origin-embedder-policy', 'require-corp');
    }
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    if (path === '/report') {
      void bodyOf(request).then(body => settle(JSON.parse(body) as PageReport));
      response.end();
    } else if (path === '/') {
      response.setHeader('content-type', 'text/html').end(page(code));
    } else {
      const file = join(folder, normalize(path));
      if (!existsSync(file)) {
        response.writeHead(404).end();
        return;
      }
      response
        .setHeader('content-type', types[extname(file)] ?? 'application/octet-stream')
        .end(readFileSync(file));
    }
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const {port} = server.address() as AddressInfo;

  const browser = spawn(executable, [...flags, `--user-data-dir=${profile}`, `http://127.0.0.1:${port}/`], {
    stdio: 'ignore',
    detached: true,
  });
  const timer = setTimeout(
    () => settle({error: `The page did not report within ${timeout / 1000} s`}),
    timeout,
  );
  browser.once('error', error => settle({error: String(error)}));
  const report = await reported;
  clearTimeout(timer);
  const exited = new Promise<void>(resolve => browser.once('exit', () => resolve()));
  if (browser.pid !== undefined) process.kill(-browser.pid, 'SIGKILL');
  await exited;
  server.closeAllConnections();
  await new Promise(resolve => server.close(resolve));
  rmSync(profile, {recursive: true, force: true, maxRetries: 5});
  if (report.error !== undefined) throw new Error(report.error);
  return report.value;
}

function page(code: string): string {
  return `<!doctype html><meta charset="utf-8"><title>glassbox</title><pre id="result"></pre>
<script>
  const report = result => fetch('/report', {method: 'POST', body: JSON.stringify(result)});
  addEventListener('error', event => report({error: String(event.message)}));
  addEventListener('unhandledrejection', event => report({error: String(event.reason && event.reason.stack || event.reason)}));
</script>
<script type="module">
  const main = async () => {
${code}
  };
  const value = await main();
  document.getElementById('result').textContent = JSON.stringify(value);
  await report({value: JSON.parse(document.getElementById('result').textContent)});
</script>`;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
