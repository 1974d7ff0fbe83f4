// The frame of the HTML reports: one self-contained page for light and dark screens, with tables and the charts of
// plot.ts. Pure: from values to text. Used by report.ts (`vamana bench --report`) and by bench/page.ts.
import { type Fact, formatCell } from './output.js';
import { escapeXml, plotStyle } from './plot.js';

const PAGE_STYLE = `
:root { color-scheme: light dark; --page: #ffffff; --ink: #1f2328; --soft: #5b626c; --rule: #dfe2e6; }
@media (prefers-color-scheme: dark) { :root { --page: #16181c; --ink: #e4e7eb; --soft: #9aa2ad; --rule: #363b43; } }
body { margin: 2rem auto; max-width: 1400px; padding: 0 1.25rem; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin-bottom: 0.25rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
h3 { font-size: 1rem; font-weight: 600; }
.lead { color: var(--soft); margin-top: 0; } .note { max-width: 80ch; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 480px), 1fr)); gap: 1rem 2rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 0.25rem 0.7rem; border-bottom: 1px solid var(--rule); text-align: left; font-weight: 400; }
th { color: var(--soft); } .sweep th, .sweep td { text-align: right; white-space: nowrap; }
.sweep th:first-child, .sweep td:first-child { text-align: left; }
tr:target { background: color-mix(in srgb, #e0b000 30%, transparent); }
code { font-family: ui-monospace, monospace; overflow-wrap: anywhere; }
`;

export interface Page {
  title: string;
  lead: string;
  /** HTML, in order. */
  sections: readonly string[];
}

export function renderPage({ title, lead, sections }: Page): string {
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${escapeXml(title)}</title>`,
    `<style>${PAGE_STYLE}${plotStyle}</style></head>`,
    '<body>',
    `<h1>${escapeXml(title)}</h1>`,
    `<p class="lead">${escapeXml(lead)}</p>`,
    ...sections,
    '</body>',
    '</html>',
    '',
  ].join('\n');
}

/** Cells are values; formatCell writes them. `ids`: of the rows, so that links can lead to them. */
export function dataTable(
  columns: readonly string[],
  rows: readonly (readonly unknown[])[],
  ids: readonly string[] = [],
): string {
  const head = columns.map((title) => `<th>${escapeXml(title)}</th>`).join('');
  const opening = (at: number): string => (ids[at] === undefined ? '<tr>' : `<tr id="${escapeXml(ids[at])}">`);
  const body = rows.map(
    (row, at) => `${opening(at)}${row.map((cell) => `<td>${escapeXml(formatCell(cell))}</td>`).join('')}</tr>`,
  );
  const table = `<table class="sweep"><thead><tr>${head}</tr></thead><tbody>${body.join('\n')}</tbody></table>`;
  return `<div class="scroll">${table}</div>`;
}

export function factsTable(facts: readonly Fact[]): string {
  const lines = facts.map(
    ([label, value]) =>
      `<tr><th scope="row">${escapeXml(label)}</th><td><code>${escapeXml(String(value))}</code></td></tr>`,
  );
  return `<table>${lines.join('\n')}</table>`;
}

export function plots(charts: readonly string[]): string {
  return charts.length === 0 ? '' : `<div class="plots">${charts.join('\n')}</div>`;
}

export function heading(text: string, id?: string): string {
  return `<h2${id === undefined ? '' : ` id="${escapeXml(id)}"`}>${escapeXml(text)}</h2>`;
}
