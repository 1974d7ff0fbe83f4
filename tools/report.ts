// The page that `bench --report` writes: curves and the table of one sweep, with the machine and the command
// line, in the frame of page.ts. Pure: from facts to text.
import type { MachineFacts } from './machine.js';
import { type Fact, formatBytes } from './output.js';
import { dataTable, factsTable, heading, plots, renderPage } from './page.js';
import { lineChart, type Series } from './plot.js';
import { indexSummary, paramsSummary, type SearchDocument, sweepColumns } from './search-document.js';

export interface ReportFacts {
  /** ISO 8601. */
  createdAt: string;
  commandLine: string;
  machine: MachineFacts;
  rows: readonly SearchDocument[];
}

export function renderReport(report: ReportFacts): string {
  const first = report.rows[0];
  const k = first?.params.k ?? 0;
  return renderPage({
    title: `vamana bench: recall@${k}`,
    lead: first === undefined ? 'no rows' : indexSummary(first.index),
    sections: [
      plots(charts(report.rows, k)),
      heading('Figures'),
      dataTable(
        sweepColumns.map(({ title }) => title),
        report.rows.map((row) => sweepColumns.map(({ cell }) => cell(row))),
      ),
      heading('Conditions'),
      factsTable(conditions(report)),
    ],
  });
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
