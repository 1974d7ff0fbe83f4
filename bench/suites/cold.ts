// Suite `cold`: from nothing to the first answer, with the system's page cache dropped and warm: starting Node and loading
// the library, opening the index, the first search, the searches after it. Each run is a process (cold-child.ts).
import { join } from 'node:path';
import { rounded } from '../../tools/output.js';
import { runScript } from '../commands.js';
import { cutDataSet } from '../data-sets.js';
import type { SuiteResult } from '../document.js';
import { dropPageCache } from '../page-cache.js';
import type { Suite, SuiteContext } from '../suite.js';
import { buildOf } from '../sweeps.js';

interface ColdStart {
  load_ms: number;
  open_ms: number;
  first_ms: number;
  later_ms: number;
}

const ROUNDS = 5;

async function run(context: SuiteContext): Promise<SuiteResult> {
  const { main } = context.data;
  const set = context.full ? main : await cutDataSet(main, 100_000, 1000);
  const index = join(context.folder, 'index');
  context.tell(`building an index of ${set.name}`);
  await buildOf(set, index);
  const measured: (ColdStart & { cache: string; total_ms: number })[] = [];
  for (const cache of ['dropped', 'warm']) {
    for (let round = 0; round < ROUNDS; round += 1) {
      if (cache === 'dropped' && !dropPageCache()) continue;
      const started = performance.now();
      const { stdout } = await runScript('bench/cold-child.js', [index, set.queries]);
      const times = JSON.parse(stdout) as ColdStart;
      measured.push({ cache, total_ms: performance.now() - started, ...times });
    }
  }
  const columns = ['load_ms', 'open_ms', 'first_ms', 'later_ms', 'total_ms'] as const;
  return {
    notes: [
      `${set.name}, ${set.rows} rows, medians of ${ROUNDS} starts. Opening reads and checks graph and codes. The total is that of the process from outside, with its end.`,
    ],
    tables: [
      {
        title: 'From the start of a process, ms',
        columns: ['page cache', 'node and library', 'open', 'first search', 'search after it', 'total'],
        rows: ['dropped', 'warm'].map((cache) => {
          const own = measured.filter((one) => one.cache === cache);
          return [
            cache,
            ...columns.map((name) => (own.length === 0 ? null : rounded(median(own.map((one) => one[name])), 3))),
          ];
        }),
      },
    ],
    charts: [],
    raw: measured,
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

export const coldSuite: Suite = { name: 'cold', title: 'Cold start', quick: true, run };
