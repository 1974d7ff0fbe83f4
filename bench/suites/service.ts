// Suite `service`: searches over HTTP under an open-loop load at rising rates, up to past what a closed loop gets, each
// with p50 and p99 from when a request was due. Server and load share the machine's processors.
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { rounded } from '../../tools/output.js';
import { startServiceProcess } from '../../test/service-process.js';
import { seededRandom } from '../../tools/random.js';
import { vamana } from '../commands.js';
import { cutDataSet } from '../data-sets.js';
import type { SuiteResult } from '../document.js';
import { loadFloats } from '../floats.js';
import { type LoadResult, openLoop } from '../open-loop.js';
import type { Suite, SuiteContext } from '../suite.js';

const QUICK_ROWS = 50_000;
const COLLECTION = 'rows';
const CLOSED_CONNECTIONS = 8;
const STEPS = [0.2, 0.4, 0.6, 0.8, 0.9, 1, 1.2];
const SECONDS = { quick: 3, full: 20 };
const TIMEOUT_MS = 30_000;

async function run(context: SuiteContext): Promise<SuiteResult> {
  const { main } = context.data;
  const set = context.full ? main : await cutDataSet(main, QUICK_ROWS, 1000);
  const dir = join(context.folder, 'db');
  const into = ['--data-dir', dir, '--collection', COLLECTION];
  context.tell(`importing ${set.name}`);
  await vamana(['import', set.base, ...into, '--metric', set.metric]);
  await vamana(['flush', ...into]);
  const bodies = (await loadFloats(set.queries, 1000)).map((query) =>
    JSON.stringify({ query: Array.from(query), limit: 10 }),
  );
  const service = await startServiceProcess(dir);
  try {
    const search = searcher(service.url, bodies);
    const seconds = context.full ? SECONDS.full : SECONDS.quick;
    const closed = await closedLoop(search, seconds);
    const loads: LoadResult[] = [];
    for (const step of STEPS) {
      context.tell(`${Math.round(closed * step)} searches a second`);
      loads.push(await openLoop({ perSecond: closed * step, seconds, random: seededRandom(1), send: search }));
    }
    return resultOf(set.name, set.rows, closed, loads, seconds);
  } finally {
    await service.stop();
  }
}

function searcher(url: string, bodies: readonly string[]): (at: number) => Promise<boolean> {
  const agent = new Agent({ keepAlive: true, maxSockets: 256 });
  const { hostname, port } = new URL(url);
  const path = `/collections/${COLLECTION}/points/query`;
  const headers = { 'content-type': 'application/json' };
  return (at) =>
    new Promise((resolve, reject) => {
      const call = request({ hostname, port, path, method: 'POST', agent, headers, timeout: TIMEOUT_MS }, (answer) => {
        answer.resume();
        answer.once('end', () => resolve(answer.statusCode === 200));
        answer.once('error', reject);
      });
      call.once('timeout', () => call.destroy(new Error('no answer in time')));
      call.once('error', reject);
      call.end(bodies[at % bodies.length]);
    });
}

/** Searches a second of clients that each wait for their answer. The first second is not counted. */
async function closedLoop(search: (at: number) => Promise<boolean>, seconds: number): Promise<number> {
  let done = 0;
  let at = 0;
  const client = async (until: number): Promise<void> => {
    while (performance.now() < until) {
      at += 1;
      if (!(await search(at))) throw new Error('a search over HTTP was refused');
      done += 1;
    }
  };
  const all = async (until: number): Promise<void> => {
    await Promise.all(Array.from({ length: CLOSED_CONNECTIONS }, () => client(until)));
  };
  await all(performance.now() + 1000);
  done = 0;
  const started = performance.now();
  await all(started + seconds * 1000);
  return done / ((performance.now() - started) / 1000);
}

function resultOf(name: string, rows: number, closed: number, loads: LoadResult[], seconds: number): SuiteResult {
  const points = (value: (load: LoadResult) => number) => loads.map((load) => ({ x: load.offered, y: value(load) }));
  return {
    notes: [
      `${name}: ${rows} points without payloads, k 10, \`points/query\`, Poisson arrivals, ${seconds} s a rate. ${CLOSED_CONNECTIONS} clients that wait for each answer get ${Math.round(closed)} searches a second; the rates are shares of that.`,
      'The load is made on the same processors as the answers, so the service alone could do more.',
    ],
    tables: [
      {
        title: 'Open-loop load',
        columns: ['offered/s', 'share of closed loop', 'served/s', 'failed', 'p50 ms', 'p99 ms', 'max ms'],
        rows: loads.map((load) => [
          Math.round(load.offered),
          rounded(load.offered / closed, 3),
          Math.round(load.served),
          load.failed,
          rounded(load.p50_ms, 3),
          rounded(load.p99_ms, 3),
          rounded(load.max_ms, 3),
        ]),
      },
    ],
    charts: [
      {
        title: 'Latency from when a request was due',
        x: { label: 'searches offered a second', least: 0 },
        y: { label: 'milliseconds', log: true },
        series: [
          { name: 'p50', points: points((load) => load.p50_ms) },
          { name: 'p99', points: points((load) => load.p99_ms) },
        ],
      },
    ],
    raw: { closed, loads },
  };
}

export const serviceSuite: Suite = { name: 'service', title: 'HTTP under rising load', quick: true, run };
