// What the two parts of the benchmark of the lifecycle measured, as tables of Markdown and plots: written into the
// sections of docs/lifecycle.md that are marked for them, and files beside it.
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatCell, formatNumber, formatSeconds, rounded } from '../../tools/output.js';
import { type LineChart, lineChart, svgFile } from '../../tools/plot.js';
import type { Table } from '../document.js';
import { writeSection } from '../page-section.js';
import type { BuiltFigures, EnduranceDocument, EndurancePoint } from './endurance.js';
import type { RebuildDocument, RebuildRun, Window } from './online-rebuild.js';

type Row = Table['rows'][number];

export interface Report {
  /** Of the section of the page, and of its plots' file. */
  name: 'endurance' | 'rebuild';
  /** What the plots show. */
  shows: string;
  document: unknown;
  markdown: string;
  charts: LineChart[];
}

/** Into `folder`: the plots, and the section of lifecycle.md if that is there; else the section as a file of its own. */
export function writeReport(folder: string, { name, shows, markdown: tables, charts }: Report): void {
  const markdown = `![${shows}](${name}.svg)\n\n${tables}`;
  writeFileSync(join(folder, `${name}.svg`), svgFile(charts.map(lineChart)));
  const page = join(folder, 'lifecycle.md');
  if (!existsSync(page)) {
    writeFileSync(join(folder, `${name}.md`), markdown);
    return;
  }
  writeSection(page, name, markdown);
}

export function enduranceReport(document: EnduranceDocument): Report {
  const [course, built] = enduranceTables(document).map(markdownTable);
  return {
    name: 'endurance',
    shows: 'Recall, sizes and latency while all points are replaced',
    document,
    markdown: [enduranceNote(document), '', course, '', built, ''].join('\n'),
    charts: enduranceCharts(document),
  };
}

export function enduranceNote(document: EnduranceDocument): string {
  const { points, steps, stepMs, listSize, queries, jobs, searchesPerSecond, seconds } = document;
  const ended = jobs.filter((job) => Number.isFinite(job.seconds));
  return (
    `${formatNumber(points)} points, ${steps} steps of ${formatNumber(points / steps)} deleted and as many inserted, one each ` +
    `${stepMs / 1000} s; ${formatNumber(Math.round(searchesPerSecond))} searches a second all the while, of which ` +
    `${document.failedSearches} failed. Recall@10 of ${queries} queries at list size ${listSize}, against an exact scan. The slowest ` +
    `step took ${document.slowestStepMs} ms; ${ended.length} jobs ended, ${ended.filter(({ state }) => state !== 'DONE').length} of them without what they were to make. ` +
    `All of it took ${formatSeconds(seconds)}.`
  );
}

/** The course of it, and what stands at its end. */
export function enduranceTables({ course, end, merged, fresh }: EnduranceDocument): Table[] {
  const lists = fresh.recall.map(({ listSize }) => `recall@10, list ${listSize}`);
  return [
    {
      title: 'Course',
      columns: [
        ...['step', 'recall@10', 'segments', 'dead rows %', 'fresh rows', 'disk MB', 'index in memory MB'],
        ...['search mean ms', 'p99 ms'],
      ],
      rows: course.map(courseRow),
    },
    {
      title: 'At the end',
      columns: ['collection', 'segments', ...lists, 'segments MB', 'metadata MB', 'log MB', 'all MB'],
      rows: [builtRow('at the end', end), builtRow('merged into one', merged), builtRow('fresh build', fresh)],
    },
  ];
}

function courseRow({ step, recall, segments, tombstones, freshRows, disk, indexBytes, latency }: EndurancePoint): Row {
  const times = [latency.mean, latency.p99].map((ms) => (Number.isNaN(ms) ? null : rounded(ms, 3)));
  const dead = rounded(100 * tombstones, 3);
  return [step, recall, segments, dead, freshRows, megabytes(disk.total), megabytes(indexBytes), ...times];
}

function builtRow(what: string, { segments, recall, disk }: BuiltFigures): Row {
  const sizes = [disk.segments + disk.retired, disk.metadata, disk.log, disk.total].map(megabytes);
  return [what, segments, ...recall.map((one) => one.recall), ...sizes];
}

// Its first column is a number or the name of a row; all others are numbers.
function markdownTable({ columns, rows }: Table): string {
  const line = (cells: readonly unknown[]): string => `| ${cells.map(formatCell).join(' | ')} |`;
  const first = typeof rows[0]?.[0] === 'string' ? '---' : '--:';
  return [
    line(columns),
    `|${first}|${columns
      .slice(1)
      .map(() => '--:|')
      .join('')}`,
    ...rows.map(line),
  ].join('\n');
}

export function enduranceCharts({ course, merged, fresh, listSize, steps }: EnduranceDocument): LineChart[] {
  const x = { label: 'hundredths of the points that were replaced' };
  const line = (name: string, measure: (point: EndurancePoint) => number) => ({
    name,
    points: course.map((point) => ({ x: (100 * point.step) / steps, y: measure(point) })),
  });
  const level = (name: string, figures: BuiltFigures) => ({
    name,
    points: [0, 100].map((at) => ({
      x: at,
      y: figures.recall.find((one) => one.listSize === listSize)?.recall ?? Number.NaN,
    })),
  });
  return [
    {
      title: `Recall@10 at list size ${listSize} while all points are replaced`,
      x,
      y: { label: 'recall@10', most: 1 },
      series: [
        line('as it is', ({ recall }) => recall),
        level('end, merged into one', merged),
        level('fresh build', fresh),
      ],
    },
    {
      title: 'Bytes on the disk and in memory',
      x,
      y: { label: 'MB', least: 0 },
      series: [
        line('disk, all', ({ disk }) => disk.total / 1e6),
        line('segments in use', ({ disk }) => disk.segments / 1e6),
        line('metadata', ({ disk }) => disk.metadata / 1e6),
        line('index in memory', ({ indexBytes }) => indexBytes / 1e6),
        line('process, own memory', ({ anonymousBytes }) => anonymousBytes / 1e6),
      ],
    },
    {
      title: 'Segments, and searches',
      x,
      y: { label: 'segments; milliseconds', least: 0 },
      series: [
        line('segments', ({ segments }) => segments),
        line('mean ms', ({ latency }) => latency.mean),
        line('p99 ms', ({ latency }) => latency.p99),
      ],
    },
  ];
}

export function rebuildReport(document: RebuildDocument): Report {
  const { points, oneThreadPerSecond, searchesPerSecond, listSize, runs } = document;
  const markdown = [
    `${formatNumber(points)} points; one search after the other (list size ${listSize}): ${formatNumber(Math.round(oneThreadPerSecond))} a second; as an ` +
      `open loop ${formatNumber(Math.round(searchesPerSecond))} a second, in windows of ${runs.map(({ windowSeconds }) => `${windowSeconds} s`).join(' and ')}, ${document.failedSearches} failed. The throttled ` +
      `rebuild had ${document.cpuPercent}% of the time of each of its threads (\`cpu_percent\`). A check of the health took ${document.healthSeconds} s, with ${document.healthQueries} queries.`,
    '',
    '| rebuild | took | mean | p99 | writes waited | exchange | memory planned | most there was |',
    '|---|--:|--:|--:|--:|--:|--:|--:|',
    ...runs.map(runLine),
    '',
    '| rebuild | window | mean ms | p50 | p99 | most |',
    '|---|---|--:|--:|--:|--:|',
    ...runs.flatMap(windowLines),
    '',
    '| gate | passed | figures |',
    '|---|---|---|',
    ...(runs.at(-1)?.job.gates ?? []).map(
      ({ gate, passed, figures }) =>
        `| ${gate} | ${passed ? 'yes' : 'no'} | ${Object.entries(figures)
          .map(([name, value]) => `${name} ${formatNumber(value)}`)
          .join(', ')} |`,
    ),
    '',
  ].join('\n');
  const shows = 'Latency of searches beside a rebuild';
  const histograms = runs.map((run) => histogramChart(run, document.binMs));
  return { name: 'rebuild', shows, document, markdown, charts: histograms };
}

function runLine({ way, seconds, meanRatio, p99Ratio, job }: RebuildRun): string {
  const { pausedMs, swapMs, plannedBytes, peakBytes } = job;
  const times = [`${(pausedMs ?? Number.NaN).toFixed(2)} ms`, `${(swapMs ?? Number.NaN).toFixed(3)} ms`];
  const memory = [plannedBytes ?? Number.NaN, peakBytes ?? Number.NaN].map((bytes) => `${megabytes(bytes)} MB`);
  const cells = [
    way,
    formatSeconds(seconds),
    `x ${meanRatio.toFixed(3)}`,
    `x ${p99Ratio.toFixed(3)}`,
    ...times,
    ...memory,
  ];
  return `| ${cells.join(' | ')} |`;
}

function windowLines({ way, idle, rebuilding }: RebuildRun): string[] {
  const lineOf = ({ stage, latency }: Window): string => {
    const { mean, p50, p99, max } = latency;
    return `| ${[way, stage, ...[mean, p50, p99, max].map((ms) => ms.toFixed(3))].join(' | ')} |`;
  };
  return idle.flatMap((window, at) => [lineOf(window), lineOf(rebuilding[at] as Window)]);
}

function histogramChart({ way, idle, rebuilding }: RebuildRun, binMs: number): LineChart {
  const series = (name: string, windows: readonly Window[]) => {
    const all = windows.reduce((sum, { latency }) => sum + latency.searches, 0);
    const bins = windows[0]?.histogram.length ?? 0;
    const points = Array.from({ length: bins }, (_, bin) => ({
      x: (bin + 1) * binMs,
      y: windows.reduce((sum, { histogram }) => sum + (histogram[bin] as number), 0) / all,
    }));
    return { name, points: points.filter(({ y }) => y > 0) };
  };
  return {
    title: `Search latency beside a rebuild: ${way}`,
    x: { label: 'up to so many milliseconds (the last: and more)', log: true },
    y: { label: 'share of the searches', log: true },
    series: [series('idle', idle), series('rebuilding', rebuilding)],
  };
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 1e6);
}
