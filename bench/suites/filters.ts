// Suite `filters`: searches of a collection under filters of all selectivities, along the meaning of the vectors (lexname,
// pos) and against it (gloss_words, pointers, capitalised): recall against an exact scan under the same filter, time, and
// the strategy that was taken. Needs a data set with payloads.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { type Collection, open } from '../../src/index.js';
import { rounded } from '../../tools/output.js';
import { mean, percentile } from '../../tools/statistics.js';
import { vamana } from '../commands.js';
import type { DataSet } from '../data-sets.js';
import type { SuiteResult } from '../document.js';
import { loadFloats } from '../floats.js';
import type { Suite, SuiteContext } from '../suite.js';

const K = 10;
const QUERIES = { quick: 60, full: 500 };
const COLLECTION = 'words';
const TARGETS = [0.001, 0.01, 0.1];

interface Payload {
  pos: string;
  lexname: string;
  gloss_words: number;
  pointers: number;
  capitalised: boolean;
}

interface Case {
  name: string;
  /** Whether the field goes with what vectors mean. */
  along: boolean;
  filter: object | null;
}

interface Measured {
  name: string;
  along: boolean;
  selectivity: number;
  strategies: string[];
  recall: number;
  mean_us: number;
  p99_us: number;
  reads: number;
}

async function run(context: SuiteContext): Promise<SuiteResult> {
  const { words } = context.data;
  if (words?.payload === undefined) throw new Error('no data set with payloads: it comes with the known sets only');
  const dir = join(context.folder, 'db');
  context.tell(`importing ${words.name}`);
  await importWords(words, words.payload, dir);
  const database = await open(dir, { threads: 1, cacheBytes: 0 });
  try {
    const collection = await database.collection(COLLECTION);
    const queries = await loadFloats(words.queries, context.full ? QUERIES.full : QUERIES.quick);
    const measured: Measured[] = [];
    for (const one of casesOf(words.payload)) {
      context.tell(one.name);
      measured.push(await measure(collection, one, queries));
    }
    return resultOf(words, measured, queries.length);
  } finally {
    await database.close();
  }
}

async function importWords(set: DataSet, payload: string, dir: string): Promise<void> {
  const into = ['--data-dir', dir, '--collection', COLLECTION];
  await vamana(['import', set.base, ...into, '--metric', set.metric, '--payload', payload]);
  await vamana(['flush', ...into]);
}

/** Conditions near the selectivities wanted, as the payloads have them. */
function casesOf(path: string): Case[] {
  const payloads = gunzipSync(readFileSync(path))
    .toString('utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Payload);
  const share = (holds: (payload: Payload) => boolean): number => payloads.filter(holds).length / payloads.length;
  const nearest = <Value>(values: readonly Value[], shareOf: (value: Value) => number, target: number): Value => {
    const distance = (value: Value): number => Math.abs(Math.log((shareOf(value) || 1e-9) / target));
    return values.reduce((best, value) => (distance(value) < distance(best) ? value : best));
  };
  const names = [...new Set(payloads.map(({ lexname }) => lexname))];
  const lengths = [...new Set(payloads.map((payload) => payload.gloss_words))];
  const match = (key: string, value: unknown): object => ({ must: [{ key, match: { value } }] });
  const cases: Case[] = [{ name: 'no filter', along: false, filter: null }];
  for (const target of TARGETS) {
    const lexname = nearest(names, (name) => share((payload) => payload.lexname === name), target);
    cases.push({ name: `lexname = ${lexname}`, along: true, filter: match('lexname', lexname) });
    const least = nearest(lengths, (length) => share((payload) => payload.gloss_words >= length), target);
    const range = { must: [{ key: 'gloss_words', range: { gte: least } }] };
    cases.push({ name: `gloss_words >= ${least}`, along: false, filter: range });
  }
  cases.push({ name: 'pos = noun', along: true, filter: match('pos', 'noun') });
  cases.push({ name: 'capitalised', along: false, filter: match('capitalised', true) });
  cases.push({ name: 'pointers <= 2', along: false, filter: { must: [{ key: 'pointers', range: { lte: 2 } }] } });
  const both = {
    must: [
      { key: 'pos', match: { value: 'verb' } },
      { key: 'gloss_words', range: { gte: 10 } },
    ],
  };
  cases.push({ name: 'pos = verb and gloss_words >= 10', along: true, filter: both });
  return unique(cases);
}

// Two targets may be nearest to the same condition.
function unique(cases: readonly Case[]): Case[] {
  return cases.filter(({ name }, at) => cases.findIndex((other) => other.name === name) === at);
}

async function measure(
  collection: Collection,
  { name, along, filter }: Case,
  queries: Float32Array[],
): Promise<Measured> {
  const filtered = filter === null ? {} : { filter };
  const [first] = queries;
  // The set of matching rows is worked out once for a filter, and is not part of a search's time here.
  if (first !== undefined) await collection.search(first, { k: K, ...filtered });
  let [right, wanted, reads, matches] = [0, 0, 0, 0];
  const strategies = new Set<string>();
  const times: number[] = [];
  for (const query of queries) {
    const exact = await collection.search(query, { k: K, exact: true, ...filtered });
    const limit = exact.at(-1)?.distance ?? Number.NEGATIVE_INFINITY;
    const began = performance.now();
    const { points, plan } = await collection.explain(query, { k: K, ...filtered });
    times.push((performance.now() - began) * 1000);
    // Distances of both are exact; of equal ones either is right.
    right += Math.min(exact.length, points.filter(({ distance }) => distance <= limit).length);
    wanted += exact.length;
    reads += plan.reads;
    matches = plan.matches;
    for (const strategy of plan.strategies) strategies.add(strategy);
  }
  times.sort((a, b) => a - b);
  return {
    name,
    along,
    selectivity: filter === null ? 1 : matches / collection.count(),
    strategies: [...strategies],
    recall: wanted === 0 ? Number.NaN : right / wanted,
    mean_us: mean(times),
    p99_us: percentile(times, 0.99),
    reads: reads / queries.length,
  };
}

function resultOf(set: DataSet, measured: readonly Measured[], queries: number): SuiteResult {
  const sorted = [...measured].sort((a, b) => a.selectivity - b.selectivity);
  const series = (along: boolean, value: (one: Measured) => number) => ({
    name: along ? 'along the meaning' : 'against it',
    points: sorted
      .filter((one) => one.along === along)
      .map((one) => ({ x: one.selectivity * 100, y: value(one), label: one.name })),
  });
  const x = { label: 'points that match, %', log: true };
  return {
    notes: [
      `${set.name}: ${set.rows} points, ${queries} queries, k ${K}, list size as by default, one thread, no page cache, ids and distances only. Recall is against an exact scan under the same filter.`,
    ],
    tables: [
      {
        title: 'Filters by selectivity',
        columns: ['filter', 'field', 'match, %', 'strategy', 'recall', 'mean us', 'p99 us', 'reads'],
        rows: sorted.map((one) => [
          one.name,
          one.along ? 'along the meaning' : 'against it',
          rounded(one.selectivity * 100, 3),
          one.strategies.join(', ') || 'walk',
          rounded(one.recall, 4),
          Math.round(one.mean_us),
          Math.round(one.p99_us),
          rounded(one.reads, 4),
        ]),
      },
    ],
    charts: [
      {
        title: 'Mean time of a search',
        x,
        y: { label: 'microseconds', log: true },
        series: [series(true, (one) => one.mean_us), series(false, (one) => one.mean_us)],
      },
      {
        title: 'Recall',
        x,
        y: { label: `recall@${K}`, most: 1 },
        series: [series(true, (one) => one.recall), series(false, (one) => one.recall)],
      },
    ],
    raw: measured,
  };
}

export const filtersSuite: Suite = {
  name: 'filters',
  title: 'Filters by selectivity',
  quick: true,
  needsPayloads: true,
  run,
};
