// `npm run bench:cgroup -- INDEX QUERIES TRUTH [MEGABYTES]`: searches an index under a memory limit of the system's
// (a cgroup, which takes root) that is below the size of its vectors file, with every reader, and without the limit
// beside it. Recall must be equal. Graph and codes are anonymous memory: where there is no swap they cannot be taken
// back, so that major faults are reads of vectors; io_uring has none.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Column, formatNumber, printLine, printTable } from '../tools/output.js';
import type { SearchDocument } from '../tools/search-document.js';
import { projectRoot } from '../tools/tree.js';

interface Row {
  limit: string;
  io: string;
  found: SearchDocument;
  majorFaults: number;
  peakBytes: number;
}

const ROOT = projectRoot();
const V1 = '/sys/fs/cgroup/memory';
const GROUP = join(
  existsSync(join(V1, 'memory.limit_in_bytes')) ? V1 : '/sys/fs/cgroup',
  `vamana-bench-${process.pid}`,
);
const LIST_SIZE = '80';

function limitTo(bytes: number): void {
  mkdirSync(GROUP);
  const file = existsSync(join(GROUP, 'memory.limit_in_bytes')) ? 'memory.limit_in_bytes' : 'memory.max';
  writeFileSync(join(GROUP, file), String(bytes));
}

function search(io: string, limited: boolean): Row {
  writeFileSync('/proc/sys/vm/drop_caches', '3');
  const command = [process.execPath, join(ROOT, 'dist', 'tools', 'vamana.js'), 'search', '--index', index];
  const options = ['--queries', queries, '--truth', truth, '--list-size', LIST_SIZE, '--io', io, '--cache', '0'];
  const enter = limited ? `echo $$ > ${GROUP}/cgroup.procs && ` : '';
  const line = ['/usr/bin/time', '-v', ...command, ...options, '--threads', '1', '--json'].map(quote).join(' ');
  const { stdout, stderr, status } = spawnSync('/bin/sh', ['-c', `${enter}exec ${line}`], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`search --io ${io} under ${limit} bytes ended with ${status}: ${stderr}`);
  const counted = (name: string): number => Number(new RegExp(`${name}[^:]*: (\\d+)`).exec(stderr)?.[1]);
  return {
    limit: limited ? `${formatNumber(limit / 1e6)} MB` : 'none',
    io,
    found: JSON.parse(stdout) as SearchDocument,
    majorFaults: counted('Major'),
    peakBytes: counted('Maximum resident') * 1024,
  };
}

const quote = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

const columns: Column<Row>[] = [
  { title: 'limit', cell: ({ limit: shown }) => shown },
  { title: 'reader', cell: ({ io }) => io },
  { title: 'recall@10', cell: ({ found }) => found.recall_at_k },
  { title: 'reads', cell: ({ found }) => found.per_query.reads },
  { title: 'mean us', cell: ({ found }) => Math.round(found.latency_us.mean) },
  { title: 'p99 us', cell: ({ found }) => Math.round(found.latency_us.p99) },
  { title: 'walk us', cell: ({ found }) => Math.round(found.per_query.walk_us) },
  { title: 'major faults/query', cell: ({ found, majorFaults }) => majorFaults / found.queries },
  { title: 'peak MB', cell: ({ peakBytes }) => formatNumber(peakBytes / 1e6) },
];

const [index = '', queries = '', truth = '', megabytes = '300'] = process.argv.slice(2);
const limit = Number(megabytes) * 1e6;
const vectors = statSync(join(index, 'vectors.seg')).size;
if (limit >= vectors) throw new Error(`the limit of ${limit} bytes is not below the vectors file, ${vectors} bytes`);
printLine(`vectors file ${formatNumber(vectors / 1e6)} MB, list size ${LIST_SIZE}, one thread`);
const rows: Row[] = [];
for (const io of ['uring', 'pread', 'mmap']) rows.push(search(io, false));
limitTo(limit);
try {
  for (const io of ['uring', 'pread', 'mmap']) rows.push(search(io, true));
} finally {
  rmdirSync(GROUP);
}
printTable(rows, columns);
