// `npm run bench:memory [-- FOLDER]`: builds an index of the SIFT set in FOLDER without a limit, then under ever
// lower ones down to the least possible, and tells for each what was planned, what the kernel counted, how long it
// took and what the index is worth. Each build and search is a process of its own, under GNU time. Takes some
// minutes a limit; docs/memory-limit.md has what was measured. Without FOLDER it takes ../shared/data.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Column, formatNumber, printLine, printTable } from '../tools/output.js';
import type { SearchDocument } from '../tools/search-document.js';
import { projectRoot } from '../tools/tree.js';

const ROOT = projectRoot();
const OUTPUT = join(ROOT, 'bench', 'out', 'memory-limit');
const LIMITS = [400e6, 300e6];
const LIST_SIZES = [80, 280];

interface Build {
  partitions: number;
  order: string;
  rss_peak: number;
  degree_mean: number;
  bits_per_edge: number;
  repaired: number;
  seconds: { total: number };
}

interface Row {
  limit: number | undefined;
  planned: string;
  counted: number;
  build: Build;
  found: SearchDocument[];
}

function bench(folder: string): void {
  const base = join(folder, 'photo-sift-1m');
  mkdirSync(OUTPUT, { recursive: true });
  const least = leastLimit(base);
  const rows: Row[] = [];
  for (const limit of [undefined, ...LIMITS.filter((limit) => limit > least), least]) {
    printLine(`limit ${limit ?? 'none'}`);
    rows.push(measure(base, limit));
    printTable(rows, columns);
  }
}

function measure(base: string, limit: number | undefined): Row {
  const index = join(OUTPUT, 'index');
  rmSync(index, { recursive: true, force: true });
  const limited = limit === undefined ? [] : ['--memory-limit', `${limit}`];
  const { stdout, stderr, counted } = vamana('build', '--data', `${base}.base.u8bin`, '--index', index, ...limited);
  const files = ['--queries', `${base}.query.u8bin`, '--truth', `${base}.gt100.ivecs`];
  const found = LIST_SIZES.map((listSize) => {
    const search = vamana(
      'search',
      '--index',
      index,
      ...files,
      '--list-size',
      `${listSize}`,
      '--cache',
      '0',
      '--threads',
      '2',
    );
    return JSON.parse(search.stdout) as SearchDocument;
  });
  rmSync(index, { recursive: true, force: true });
  const planned = /^total +(.*)$/m.exec(stderr)?.[1] ?? '';
  return { limit, planned, counted, build: JSON.parse(stdout) as Build, found };
}

/** What the command itself says when it is given next to nothing. */
function leastLimit(base: string): number {
  const refused = vamana('build', '--data', `${base}.base.u8bin`, '--index', join(OUTPUT, 'no'), '--memory-limit', '1');
  return Number(/least possible limit for it is (\d+)$/m.exec(refused.stderr)?.[1]);
}

function vamana(...args: string[]): { stdout: string; stderr: string; counted: number } {
  const log = join(OUTPUT, 'time');
  const command = join(ROOT, 'dist', 'tools', 'vamana.js');
  const { stdout, stderr } = spawnSync(
    '/usr/bin/time',
    ['-v', '-o', log, process.execPath, command, ...args, '--json'],
    {
      encoding: 'utf8',
    },
  );
  const kibibytes = /Maximum resident set size \(kbytes\): (\d+)/.exec(readFileSync(log, 'utf8'))?.[1];
  return { stdout, stderr, counted: Number(kibibytes) * 1024 };
}

const megabytes = (bytes: number): string => formatNumber(bytes / 1e6);

const columns: Column<Row>[] = [
  { title: 'limit MB', cell: ({ limit }) => (limit === undefined ? 'none' : megabytes(limit)) },
  { title: 'planned', cell: ({ planned }) => planned },
  { title: 'partitions', cell: ({ build }) => build.partitions },
  { title: 'order', cell: ({ build }) => build.order },
  { title: 'peak MB (tool)', cell: ({ build }) => megabytes(build.rss_peak) },
  { title: 'peak MB (time -v)', cell: ({ counted }) => megabytes(counted) },
  { title: 'seconds', cell: ({ build }) => build.seconds.total },
  { title: 'degree', cell: ({ build }) => build.degree_mean },
  { title: 'bits/edge', cell: ({ build }) => build.bits_per_edge },
  { title: 'linked', cell: ({ build }) => build.repaired },
  ...LIST_SIZES.flatMap((listSize, i): Column<Row>[] => [
    { title: `recall@10, L ${listSize}`, cell: ({ found }) => found[i]?.recall_at_k },
    { title: `reads, L ${listSize}`, cell: ({ found }) => found[i]?.per_query.reads },
  ]),
];

const [given] = process.argv.slice(2);
bench(given ?? join(ROOT, '..', 'shared', 'data'));
