// Suite `peers`: this project beside the libraries that install from npm, on the same rows, queries and truth, each
// swept to its own best curve. Quick: 30,000 rows; full: all rows and more ways of building.
import { cutDataSet } from '../data-sets.js';
import type { SuiteResult } from '../document.js';
import { curveCharts, peerTables, ratios } from '../peers/compare.js';
import { peers } from '../peers/registry.js';
import { runPeers } from '../peers/run-peers.js';
import type { Suite, SuiteContext } from '../suite.js';

const K = 10;
const OWN = 'vamana';
const QUICK = { rows: 30_000, queries: 2000, secondsPerPoint: 0.6, timeoutMs: 150_000 };
/** Of a quick run: what the suites after it need of its time. */
const LEFT_MS = 5 * 60_000;
const FULL = { rows: Number.POSITIVE_INFINITY, queries: 10_000, secondsPerPoint: 3, timeoutMs: 3_600_000 };

async function run(context: SuiteContext): Promise<SuiteResult> {
  const { rows, queries, secondsPerPoint, timeoutMs } = context.full ? FULL : QUICK;
  const set = await cutDataSet(context.data.main, rows, queries);
  const { threads, folder, document } = context;
  const found = await runPeers({
    set,
    peers,
    k: K,
    threads,
    allBuilds: context.full,
    secondsPerPoint,
    timeoutMs,
    deadline: context.deadline - LEFT_MS,
    folder,
    ownVersion: document.versions['vamana-ssd'] ?? 'unknown',
    tell: context.tell,
  });
  document.peers = found;
  document.ratios = ratios(found, OWN);
  return {
    notes: [
      `${set.name}: ${set.rows} x ${set.dim} ${set.element}, ${set.metric}, up to ${set.queryCount} queries, k ${K}. Recall counts by exact distance, ties included, and is computed by one function for all.`,
      'One process a build and one a sweep. Resident bytes are of the process that only searches, with the harness and Node in them. Pages of files that are read through the system cache or mapped are not all resident, and are in memory all the same: on data that fits there, such a peer reads a page once and vamana without its cache every time.',
      'Reads are what the kernel counts for the process (/proc/self/io), one thread. usearch and vamana use their batch calls with several threads, the others calls in flight; hnswlib-node has only synchronous calls of one query.',
      'Points lie on the best curve of everything swept; what a curve does not reach is left out and not extrapolated.',
    ],
    tables: peerTables(found, document.ratios),
    charts: curveCharts(found, K, threads),
  };
}

export const peersSuite: Suite = { name: 'peers', title: 'Peers at equal recall', quick: true, run };
