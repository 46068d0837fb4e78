/**
 * Serves the pages of this folder: `npm run example:page`, then open what it prints. With the two headers that let a
 * page share memory with its workers, so that training has threads.
 */
import {createReadStream, existsSync, statSync} from 'node:fs';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {extname, join, normalize} from 'node:path';
import {fileURLToPath} from 'node:url';

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.wasm': 'application/wasm',
};
const root = fileURLToPath(new URL('../..', import.meta.url));

const server = createServer((request, response) => {
  const {pathname} = new URL(request.url ?? '/', 'http://localhost');
  const file = join(root, normalize(decodeURIComponent(pathname)));
  if (!existsSync(file) || !statSync(file).isFile()) {
    response.writeHead(404).end('Not found');
    return;
  }
  response.writeHead(200, {
    'content-type': TYPES[extname(file)] ?? 'application/octet-stream',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-embedder-policy': 'require-corp',
  });
  createReadStream(file).pipe(response);
});

server.listen(Number(process.env['PORT'] ?? 8080), '127.0.0.1', () => {
  const {port} = server.address() as AddressInfo;
  for (const page of ['train', 'explain']) console.log(`http://localhost:${port}/examples/page/${page}.html`);
});
