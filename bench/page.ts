// bench/out/report.html from the document of report.json: a section a suite, with its notes, charts and tables, and the
// conditions under which it was measured. Pure.
import { type Fact, formatBytes, formatSeconds } from '../tools/output.js';
import { dataTable, factsTable, heading, plots, renderPage } from '../tools/page.js';
import { escapeXml, lineChart } from '../tools/plot.js';
import { rowAnchors } from './anchors.js';
import type { BenchDocument, SuiteDocument } from './document.js';

export function renderBenchPage(document: BenchDocument): string {
  const { machine, created_at: created } = document;
  return renderPage({
    title: 'vamana-ssd: benchmark report',
    lead: `${created}, ${machine.cpu}, ${machine.cores} cores; ${document.quick ? 'the quick sizes' : 'all sizes'}`,
    sections: [
      heading('Conditions'),
      factsTable(conditions(document)),
      ...Object.entries(document.suites).flatMap(([name, suite]) => section(name, suite, document)),
      heading('Raw figures'),
      '<p>All of them, and those the tables were made of, are in <code>report.json</code> beside this file.</p>',
    ],
  });
}

function section(name: string, suite: SuiteDocument, { versions }: BenchDocument): string[] {
  const { title, status, reason, seconds, notes, charts, tables, commands } = suite;
  // Of an earlier run where the suite was kept.
  const of = suite.version === versions['vamana-ssd'] ? '' : ` of vamana-ssd ${suite.version}`;
  const took = `<p class="lead">${escapeXml(`measured ${suite.began_at}${of}, in ${formatSeconds(seconds)}`)}</p>`;
  if (status !== 'ok') {
    const what = status === 'failed' ? 'Failed' : 'Left out';
    const why = `<p class="note">${what}: ${escapeXml(reason ?? 'for no reason given')}</p>`;
    return [heading(title, name), took, why, commandList(commands)];
  }
  return [
    heading(title, name),
    took,
    ...notes.map((note) => `<p class="note">${escapeXml(note)}</p>`),
    plots(charts.map(lineChart)),
    ...tables.map(
      (table, at) =>
        `<h3>${escapeXml(table.title)}</h3>${dataTable(table.columns, table.rows, rowAnchors(name, at, table))}`,
    ),
    commandList(commands),
  ];
}

function commandList(commands: readonly string[]): string {
  if (commands.length === 0) return '';
  const lines = commands.map((command) => `<code>${escapeXml(command)}</code>`).join('<br>\n');
  return `<details><summary>Commands (${commands.length})</summary><p>${lines}</p></details>`;
}

function conditions({ command, created_at, machine, versions, data }: BenchDocument): Fact[] {
  const { disk } = machine;
  return [
    ['Command', command],
    ['Measured', created_at],
    ['Processor', `${machine.cpu}, ${machine.cores} cores`],
    ['Memory', formatBytes(machine.memoryBytes)],
    ['Kernel', machine.kernel],
    [
      'Versions',
      Object.entries(versions)
        .map((entry) => entry.join(' '))
        .join(', '),
    ],
    [
      'Load before it began',
      `${machine.load_average}${machine.load_average > 0.5 ? ' (not idle: times are worth little)' : ''}`,
    ],
    [
      'Disk',
      disk === null
        ? 'not probed'
        : `${disk.depth1_us} us a read, ${disk.depth32_reads_per_second} reads/s with 32 in flight, ${disk.direct ? 'direct' : 'through the system cache'}`,
    ],
    ['Page cache', machine.drops_page_cache ? 'dropped before each search' : 'could not be dropped (needs root)'],
    ...data.map(
      (set): Fact => [
        `Data ${set.name}`,
        `${set.rows} x ${set.dim} ${set.element}, ${set.metric}, ${set.queries} queries`,
      ],
    ),
  ];
}
