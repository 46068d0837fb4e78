/** Runs a module in a page of its own, and tells how it ended. */
import {inject} from 'vitest';
import {openPage} from './chromium';
import {serve} from './server';
import type {Site} from './server';

/** How a page's module ended: what it gave, or why it failed. */
interface PageReport {
  value?: unknown;
  error?: string;
}

export interface PageOptions {
  /** Milliseconds until the page has to have ended; 90 s otherwise. */
  timeout?: number;
  /** Whether the page may share memory with its workers. */
  isolated?: boolean;
  /** Takes whatever else the page posts. */
  onPost?: Site['onPost'];
}

/**
 * Opens a page whose module script is `code`, and gives what it reports. The code is the body of an async function,
 * and returns something that JSON can hold.
 *
 * @param folders what the page is served: a folder, or several by the first part of the path
 */
export async function runInChromium(
  folders: string | Site['folders'],
  code: string,
  {timeout = 90_000, isolated = false, onPost = () => {}}: PageOptions = {},
): Promise<unknown> {
  let settle: (report: PageReport) => void;
  const reported = new Promise<PageReport>(resolve => (settle = resolve));
  const server = await serve({
    html: page(code),
    folders: typeof folders === 'string' ? {'/': folders} : folders,
    isolated,
    onPost: (path, body) => (path === '/report' ? settle(body as PageReport) : onPost(path, body)),
  });
  const timer = setTimeout(
    () => settle({error: `The page did not report within ${timeout / 1000} s`}),
    timeout,
  );
  try {
    const close = await openPage(inject('chromium'), server.url);
    const {value, error} = await reported;
    await close();
    if (error !== undefined) throw new Error(error);
    return value;
  } finally {
    clearTimeout(timer);
    await server.close();
  }
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
  document.getElementById('result').textContent = JSON.stringify(value ?? null);
  await report({value: JSON.parse(document.getElementById('result').textContent)});
</script>`;
}
