/** One HTML file of plots that needs nothing else: no script, no font, no picture from elsewhere. */
import {mkdirSync, writeFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';

/** A part of a page. */
export interface Section {
  readonly title: string;
  /** What there is to see, in a sentence or two. */
  readonly text: string;
  /** SVGs, or tables of `tableOf`. */
  readonly plots: readonly string[];
}

/** What an example found: its page, and the numbers that it prints. */
export interface Found {
  readonly title: string;
  readonly intro: string;
  readonly sections: readonly Section[];
  /** For the terminal. */
  readonly lines: readonly string[];
}

/** Writes the page to `examples/out/<name>.html`, and prints what was found. */
export function present(name: string, found: Found): void {
  const folder = new URL('../out/', import.meta.url);
  mkdirSync(folder, {recursive: true});
  const file = new URL(`${name}.html`, folder);
  writeFileSync(file, pageOf(found));
  console.log(`${found.lines.join('\n')}\nSee ${fileURLToPath(file)}`);
}

export function pageOf({title, intro, sections}: Found): string {
  const parts = sections.map(
    section =>
      `<section><h2>${escaped(section.title)}</h2><p>${escaped(section.text)}</p>${section.plots.map(plot => `<div class="plot">${plot}</div>`).join('\n')}</section>`,
  );
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escaped(title)}</title>
<style>${STYLE}</style>
<main>
<h1>${escaped(title)}</h1>
<p>${escaped(intro)}</p>
${parts.join('\n')}
</main>
</html>
`;
}

/** Rows under a header; the first column is text, the others numbers. */
export function tableOf(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const row = (cells: readonly string[], tag: string): string =>
    `<tr>${cells.map(cell => `<${tag}>${escaped(cell)}</${tag}>`).join('')}</tr>`;
  return `<div class="table"><table>${row(header, 'th')}${rows.map(cells => row(cells, 'td')).join('')}</table></div>`;
}

export function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

export function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

const STYLE = `
:root{--page:#f4f5f7;--ink:#1f2328;--muted:#59636e;--panel:#fff;--line:#dde2e8}
@media(prefers-color-scheme:dark){:root{--page:#0d1014;--ink:#e6edf3;--muted:#9aa5b1;--panel:#16191d;--line:#343b44}}
body{margin:0;background:var(--page);color:var(--ink);font:16px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif}
main{max-width:900px;margin:0 auto;padding:24px 16px 64px}
h1{font-size:28px;line-height:1.2;margin:16px 0 8px}
h2{font-size:20px;line-height:1.3;margin:40px 0 4px}
p{margin:0 0 14px;max-width:70ch;color:var(--muted)}
svg.glassbox-plot{display:block;height:auto}
.plot{overflow-x:auto;margin:0 0 16px;border-radius:6px}
.plot>svg{width:100%;min-width:580px}
.table{overflow-x:auto;background:var(--panel);border-radius:6px;padding:6px 16px}
table{border-collapse:collapse;width:100%;font-size:15px;font-variant-numeric:tabular-nums}
th,td{padding:7px 0 7px 16px;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap}
th{font-weight:600;color:var(--muted)}
th:first-child,td:first-child{text-align:left;padding-left:0}
tr:last-child td{border-bottom:0}`.trim();
