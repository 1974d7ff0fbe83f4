// `npm run bench:filters [-- FOLDER]`: filtered search on the real data of FOLDER (../shared/data), from 0.01% to 90% of
// the points, as tables of Markdown (docs/filters.md has them): recall@10 at default list size, time against plain search
// at the same recall, what the planner takes and how that compares with the best strategy; then what filters of three
// conditions over a million rows cost to evaluate. Vectors are read from the disk (no page cache); searches come one
// after the other. Some minutes, and some more the first time, when the collections are made (bench/out/filters).
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { printLine } from '../tools/output.js';
import {
  analyseFilter,
  type CurvePoint,
  type FilterCell,
  median,
  plainCurve,
  plainUsAt,
  STRATEGIES,
} from '../tools/filter-analysis.js';
import { projectRoot } from '../tools/tree.js';
import { type CellFilter, cellFilters, queriesAgainst } from './filter-cells.js';
import { type FilterSet, openFilterSet } from './filter-data.js';

const QUERIES = 100;
const K = 10;
const LIST_SIZE = 64;
const ROUNDS = 3;
const RECALL_MIN = 0.97;
const PLAIN_MAX = 3;
const BEST_MAX = 1.3;
const LIST_SIZES = [32, 48, 64, 96, 128, 192, 256, 384, 512];
const EVALUATIONS = 200;

type Line = CellFilter & FilterCell & { set: string; asked: 'any' | 'against'; plainRatio: number };

const output = join(projectRoot(), 'bench', 'out', 'filters');
const data = process.argv[2] ?? join(projectRoot(), '..', 'shared', 'data');
if (!existsSync(join(data, 'photo-sift-1m.base.u8bin'))) {
  throw new Error(`${data} has no photo-sift-1m.base.u8bin; name the folder with the data`);
}
mkdirSync(output, { recursive: true });

const lines: Line[] = [];
const evaluations: { what: string; ms: number }[] = [];
for (const name of ['gloss', 'photo']) {
  const set = await openFilterSet(name, data, output);
  try {
    // First of all: nothing has been asked of the indexes yet.
    if (name === 'photo') evaluations.push(...(await evaluate(set)));
    lines.push(...(await measure(set)));
  } finally {
    await set.database.close();
  }
}
writeFileSync(join(output, 'filters.json'), JSON.stringify({ lines, evaluations }, null, 2));
summary();

async function measure(set: FilterSet): Promise<Line[]> {
  const found: Line[] = [];
  const options = { k: K, listSize: LIST_SIZE, rounds: ROUNDS, recallMin: RECALL_MIN };
  printLine(`\n### ${set.name}\n`);
  printLine('| filter | of all | asked | recall | planner | us | x plain | x best | codes | walk | post |');
  printLine('|---|--:|---|--:|---|--:|--:|--:|--:|--:|--:|');
  const any = set.queries.slice(0, QUERIES);
  for (const cell of await cellFilters(set)) {
    for (const asked of ['any', 'against'] as const) {
      const queries = asked === 'any' ? any : await queriesOf(set, cell);
      // Beside the cell, so that both see the same machine.
      const curve = await plainCurve(set.collection, queries, LIST_SIZES, { k: K, rounds: ROUNDS });
      const result = await analyseFilter(set.collection, queries, cell.filter, options);
      const line = { ...cell, ...result, set: set.name, asked, plainRatio: ratioTo(curve, result) };
      printLine(row(line));
      found.push(line);
    }
  }
  return found;
}

async function queriesOf(set: FilterSet, { filter }: CellFilter): Promise<Float32Array[]> {
  const places = await queriesAgainst(set, filter, QUERIES);
  return places.map((place) => set.queries[place] as Float32Array);
}

function ratioTo(curve: readonly CurvePoint[], { ways: { auto } }: FilterCell): number {
  return auto.us / plainUsAt(curve, auto.recall);
}

function row({ label, selectivity, asked, ways, picks, plainRatio, ratio }: Line): string {
  const { auto } = ways;
  const planner = Object.entries(picks)
    .sort(([, a], [, b]) => b - a)
    .map(([strategy]) => strategy)
    .join(', ');
  const others = STRATEGIES.map((way) => `${Math.round(ways[way].us)} (${ways[way].recall.toFixed(3)})`);
  const cells = [
    label,
    `${(100 * selectivity).toFixed(3)}%`,
    asked,
    `${auto.recall.toFixed(4)}${auto.isComplete ? '' : ' short'}`,
    planner,
    Math.round(auto.us),
    plainRatio.toFixed(2),
    ratio.toFixed(2),
    ...others,
  ];
  return `| ${cells.join(' | ')} |`;
}

/** Each filter is another one, so that no set of rows is kept; the first finds nothing in the processor's caches either. */
async function evaluate({ collection }: FilterSet): Promise<{ what: string; ms: number }[]> {
  const filterAt = (at: number): unknown => ({
    must: [
      { key: 'label', match: { any: ['l1', 'l2', 'l3', `l${4 + (at % 50)}`] } },
      { key: 'any', range: { gte: 1000 + at, lt: 7000 + at } },
      { key: 'near', range: { gte: 500 + at, lt: 6500 + at } },
    ],
  });
  const times: number[] = [];
  let matches = 0;
  for (let at = 0; at < EVALUATIONS; at += 1) {
    const began = performance.now();
    matches = await collection.countWhere(filterAt(at));
    times.push(performance.now() - began);
  }
  const began = performance.now();
  await collection.countWhere(filterAt(EVALUATIONS - 1));
  const kept = performance.now() - began;
  printLine(`three conditions, ${matches} of ${collection.count()} points match`);
  return [
    { what: 'the first, cold', ms: times[0] as number },
    { what: 'warm, median', ms: median(times.slice(1)) },
    { what: 'asked again, from the cache', ms: kept },
  ];
}

function summary(): void {
  printLine('\n### Three conditions over a million rows\n');
  printLine('| evaluation | ms |\n|---|--:|');
  for (const { what, ms } of evaluations) printLine(`| ${what} | ${ms.toFixed(3)} |`);
  printLine('\n### In all\n');
  printLine('| | met | target |\n|---|--:|---|');
  const share = (holds: (line: Line) => boolean): string => `${lines.filter(holds).length} of ${lines.length}`;
  printLine(`| recall@10 of ${RECALL_MIN} or more | ${share(({ ways }) => ways.auto.recall >= RECALL_MIN)} | all |`);
  printLine(`| min(k, matches) results | ${share(({ ways }) => ways.auto.isComplete)} | all |`);
  printLine(
    `| ${PLAIN_MAX} times plain search at most | ${share(({ plainRatio }) => plainRatio <= PLAIN_MAX)} | all |`,
  );
  printLine(`| ${BEST_MAX} times the best strategy at most | ${share(({ ratio }) => ratio <= BEST_MAX)} | 90% |`);
}
