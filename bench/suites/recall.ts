// Suite `recall`: the curves of recall against speed, latency and reads, with one thread and with all, on every data
// set at its full size.
import { join } from 'node:path';
import type { SearchDocument } from '../../tools/search-document.js';
import { sweepColumns } from '../../tools/search-document.js';
import { vamana } from '../commands.js';
import type { DataSet } from '../data-sets.js';
import type { SuiteResult, Table } from '../document.js';
import { dropPageCache } from '../page-cache.js';
import type { Suite, SuiteContext } from '../suite.js';
import { buildOf, cellsOf, type Sweep, searchFiles } from '../sweeps.js';

const LIST_SIZES = { quick: [20, 40, 80, 140, 280], full: [20, 30, 40, 60, 80, 120, 200, 280] };

interface Curve {
  set: DataSet;
  threads: number;
  rows: SearchDocument[];
}

async function run(context: SuiteContext): Promise<SuiteResult> {
  const { main, words } = context.data;
  const curves: Curve[] = [];
  const sweep = (context.full ? LIST_SIZES.full : LIST_SIZES.quick).join();
  const builds: Table = { title: 'Builds', columns: ['data', 'seconds', 'peak MB', 'bits/edge', 'degree'], rows: [] };
  for (const set of words === undefined ? [main] : [main, words]) {
    const index = join(context.folder, set.name);
    context.tell(`building an index of ${set.name}`);
    const build = await buildOf(set, index);
    builds.rows.push([
      set.name,
      build.seconds.total,
      Math.round(build.rss_peak / 1e6),
      build.bits_per_edge,
      build.degree_mean,
    ]);
    for (const threads of new Set([1, context.threads])) {
      dropPageCache();
      const options = ['--index', index, ...searchFiles(set), '--k', '10', '--sweep', sweep];
      const found = await vamana<Sweep>(['bench', ...options, '--cache', '0', '--threads', `${threads}`]);
      curves.push({ set, threads, rows: found.rows });
    }
  }
  return {
    notes: ['No page cache: every page is read from the device. Defaults everywhere else.'],
    tables: [builds, ...curves.map(table)],
    charts: [
      chart('Queries a second', 'queries per second', curves, (row) => row.qps),
      chart('Mean latency', 'microseconds', curves, (row) => row.latency_us.mean),
      chart('p99 latency', 'microseconds', curves, (row) => row.latency_us.p99),
      chart('Reads', '4 KiB pages a query', curves, (row) => row.per_query.reads),
    ],
    raw: { builds: builds.rows, curves },
  };
}

const nameOf = ({ set, threads }: Curve): string => `${set.name}, ${threads} thread${threads === 1 ? '' : 's'}`;

function table(curve: Curve): Table {
  return {
    title: nameOf(curve),
    columns: sweepColumns.map(({ title }) => title),
    rows: curve.rows.map((row) => cellsOf(row)),
  };
}

function chart(
  title: string,
  label: string,
  curves: readonly Curve[],
  value: (row: SearchDocument) => number,
): SuiteResult['charts'][number] {
  return {
    title,
    x: { label: 'recall@10', least: 0, most: 1 },
    y: { label, log: true },
    series: curves.map((curve) => ({
      name: nameOf(curve),
      points: curve.rows.map((row) => ({
        x: row.recall_at_k ?? Number.NaN,
        y: value(row),
        label: `L=${row.params.list_size}`,
      })),
    })),
  };
}

export const recallSuite: Suite = { name: 'recall', title: 'Recall against speed and reads', quick: true, run };
