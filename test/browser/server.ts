/** A small local server for one page: its files, and what it reports. */
import {existsSync, readFileSync, statSync} from 'node:fs';
import {createServer, type IncomingMessage} from 'node:http';
import type {AddressInfo} from 'node:net';
import {extname, join, normalize} from 'node:path';

const types: Record<string, string> = {
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
  '.html': 'text/html',
};

export interface PageServer {
  readonly url: string;
  close(): Promise<void>;
}

export interface Site {
  /** What `/` is. */
  readonly html: string;
  /** Folders by the first part of the path under which they are served; `/` for the rest. */
  readonly folders: Readonly<Record<string, string>>;
  /** Whether to send the headers with which a page may share memory with its workers. */
  readonly isolated: boolean;
  /** Takes what the page posts, parsed, and where. */
  readonly onPost: (path: string, body: unknown) => void;
}

export async function serve({html, folders, isolated, onPost}: Site): Promise<PageServer> {
  const server = createServer((request, response) => {
    if (isolated) {
      response.setHeader('cross-origin-opener-policy', 'same-origin');
      response.setHeader('cross-origin-embedder-policy', 'require-corp');
    }
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    if (request.method === 'POST') {
      void bodyOf(request).then(body => {
        onPost(path, JSON.parse(body));
        response.end();
      });
      return;
    }
    if (path === '/') {
      response.setHeader('content-type', 'text/html').end(html);
      return;
    }
    const file = find(path, folders);
    if (file === undefined) {
      response.writeHead(404).end();
      return;
    }
    response
      .setHeader('content-type', types[extname(file)] ?? 'application/octet-stream')
      .end(readFileSync(file));
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const {port} = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    close: async () => {
      server.closeAllConnections();
      await new Promise(resolve => server.close(resolve));
    },
  };
}

function find(path: string, folders: Site['folders']): string | undefined {
  const name = /^\/[^/]*/.exec(path)![0];
  const inFolder =
    folders[name] === undefined ? undefined : join(folders[name], normalize(path.slice(name.length)));
  const inRoot = folders['/'] === undefined ? undefined : join(folders['/'], normalize(path));
  return [inFolder, inRoot].find(file => file !== undefined && existsSync(file) && statSync(file).isFile());
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
