// The page that `bench --report` writes: curves and the table of one sweep, with the machine and the command
// line, in one self-contained HTML file for light and dark screens. Pure: from facts to text.
import type { MachineFacts } from './machine.js';
import { type Fact, formatBytes, formatCell } from './output.js';
import { escapeXml, lineChart, plotStyle, type Series } from './plot.js';
import { indexSummary, paramsSummary, type SearchDocument, sweepColumns } from './search-document.js';

export interface ReportFacts {
  /** ISO 8601. */
  createdAt: string;
  commandLine: string;
  machine: MachineFacts;
  rows: readonly SearchDocument[];
}

const PAGE_STYLE = `
:root { color-scheme: light dark; --page: #ffffff; --ink: #1f2328; --soft: #5b626c; --rule: #dfe2e6; }
@media (prefers-color-scheme: dark) { :root { --page: #16181c; --ink: #e4e7eb; --soft: #9aa2ad; --rule: #363b43; } }
body { margin: 2rem auto; max-width: 1400px; padding: 0 1.25rem; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin-bottom: 0.25rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
.lead { color: var(--soft); margin-top: 0; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 480px), 1fr)); gap: 1rem 2rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 0.25rem 0.7rem; border-bottom: 1px solid var(--rule); text-align: left; font-weight: 400; }
th { color: var(--soft); } .sweep th, .sweep td { text-align: right; white-space: nowrap; }
code { font-family: ui-monospace, monospace; overflow-wrap: anywhere; }
`;

export function renderReport(report: ReportFacts): string {
  const first = report.rows[0];
  const k = first?.params.k ?? 0;
  const title = `vamana bench: recall@${k}`;
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${escapeXml(title)}</title>`,
    `<style>${PAGE_STYLE}${plotStyle}</style></head>`,
    '<body>',
    `<h1>${escapeXml(title)}</h1>`,
    `<p class="lead">${escapeXml(first === undefined ? 'no rows' : indexSummary(first.index))}</p>`,
    `<div class="plots">${charts(report.rows, k).join('\n')}</div>`,
    '<h2>Figures</h2>',
    `<div class="scroll">${sweepTable(report.rows)}</div>`,
    '<h2>Conditions</h2>',
    factsTable(conditions(report)),
    '</body>',
    '</html>',
    '',
  ].join('\n');
}

function charts(rows: readonly SearchDocument[], k: number): string[] {
  const x = { label: `recall@${k}`, least: 0, most: 1 };
  const series = (name: string, value: (row: SearchDocument) => number): Series => ({
    name,
    points: rows.map((row) => ({
      x: row.recall_at_k ?? Number.NaN,
      y: value(row),
      label: `L=${row.params.list_size}`,
    })),
  });
  return [
    lineChart({
      title: 'Throughput',
      x,
      y: { label: 'queries per second', log: true },
      series: [series('qps', (row) => row.qps)],
    }),
    lineChart({
      title: 'Latency',
      x,
      y: { label: 'microseconds', log: true },
      series: [series('mean', (row) => row.latency_us.mean), series('p99', (row) => row.latency_us.p99)],
    }),
    lineChart({
      title: 'Reads',
      x,
      y: { label: '4 KiB pages read per query', least: 0 },
      series: [series('reads', (row) => row.per_query.reads)],
    }),
    lineChart({
      title: 'Where the time goes',
      x,
      y: { label: 'mean microseconds per query', least: 0 },
      series: [
        series('walk', (row) => row.per_query.walk_us),
        series('read', (row) => row.per_query.read_us),
        series('rank', (row) => row.per_query.rank_us),
      ],
    }),
  ];
}

function sweepTable(rows: readonly SearchDocument[]): string {
  const head = sweepColumns.map((column) => `<th>${escapeXml(column.title)}</th>`).join('');
  const body = rows.map(
    (row) => `<tr>${sweepColumns.map((column) => `<td>${escapeXml(formatCell(column.cell(row)))}</td>`).join('')}</tr>`,
  );
  return `<table class="sweep"><thead><tr>${head}</tr></thead><tbody>${body.join('\n')}</tbody></table>`;
}

function conditions({ createdAt, commandLine, machine, rows }: ReportFacts): Fact[] {
  const last = rows.at(-1);
  const memory = last?.memory_bytes;
  return [
    ['Command', commandLine],
    ['Measured', createdAt],
    ['Search', last === undefined ? '-' : paramsSummary(last).replace(/list \d+, /, '')],
    ['Queries', last?.queries ?? 0],
    ['Processor', `${machine.cpu}, ${machine.cores} cores`],
    ['Memory', formatBytes(machine.memoryBytes)],
    ['Kernel', machine.kernel],
    ['Node', machine.node],
    [
      'Index in memory',
      memory === undefined
        ? '-'
        : `graph ${formatBytes(memory.graph)}, codes ${formatBytes(memory.codes)}, cache ${formatBytes(memory.cache)}`,
    ],
    ['Peak resident', memory === undefined ? '-' : formatBytes(memory.rss_peak)],
  ];
}

function factsTable(facts: readonly Fact[]): string {
  const lines = facts.map(
    ([label, value]) =>
      `<tr><th scope="row">${escapeXml(label)}</th><td><code>${escapeXml(String(value))}</code></td></tr>`,
  );
  return `<table>${lines.join('\n')}</table>`;
}
