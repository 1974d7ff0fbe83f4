// `npm run bench:filters [-- FOLDER]`: filtered search on the real data of FOLDER (../shared/data), from 0.01% to 90% of
// the points, written into docs/filters.md: recall@10 at default list size, time against plain search
// at the same recall, what the planner takes and how that compares with the best strategy; then what filters of three
// conditions over a million rows cost to evaluate. Vectors are read from the disk (no page cache); searches come one
// after the other. Some minutes, and some more the first time, when the collections are made (bench/out/filters).
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { printLine } from '../tools/output.js';
import { analyseFilter, type FilterCell, median, plainUsAt } from '../tools/filter-analysis.js';
import { projectRoot } from '../tools/tree.js';
import { type CellFilter, cellFilters, queriesAgainst } from './filter-cells.js';
import { type FilterSet, openFilterSet } from './filter-data.js';
import {
  type Evaluation,
  evaluationTable,
  type FilterLine,
  filterSummary,
  filterTable,
  RECALL_MIN,
} from './filters-report.js';
import { writeSection } from './page-section.js';

const QUERIES = 100;
const K = 10;
const LIST_SIZE = 64;
const ROUNDS = 3;
const PLAIN_SIZES = [32, 48, 64, 96, 128, 192, 256, 384, 512];
const EVALUATIONS = 200;

const output = join(projectRoot(), 'bench', 'out', 'filters');
const data = process.argv[2] ?? join(projectRoot(), '..', 'shared', 'data');
if (!existsSync(join(data, 'photo-sift-1m.base.u8bin'))) {
  throw new Error(`${data} has no photo-sift-1m.base.u8bin; name the folder with the data`);
}
mkdirSync(output, { recursive: true });

const lines: FilterLine[] = [];
const evaluations: Evaluation[] = [];
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
writeReport();

async function measure(set: FilterSet): Promise<FilterLine[]> {
  const found: FilterLine[] = [];
  const options = { k: K, listSize: LIST_SIZE, rounds: ROUNDS, recallMin: RECALL_MIN, plainSizes: PLAIN_SIZES };
  const any = set.queries.slice(0, QUERIES);
  for (const cell of await cellFilters(set)) {
    for (const asked of ['any', 'against'] as const) {
      const queries = asked === 'any' ? any : await queriesOf(set, cell);
      const result = await analyseFilter(set.collection, queries, cell.filter, options);
      const plainRatio = ratioOf(result);
      found.push({ ...cell, ...result, set: set.name, asked, plainRatio });
      const { recall, us } = result.ways.auto;
      const told = `recall ${recall.toFixed(4)}, ${Math.round(us)} us, ${plainRatio.toFixed(2)} times plain`;
      printLine(`${set.name}, ${cell.label}, ${asked}: ${told}`);
    }
  }
  return found;
}

async function queriesOf(set: FilterSet, { filter }: CellFilter): Promise<Float32Array[]> {
  const places = await queriesAgainst(set, filter, QUERIES);
  return places.map((place) => set.queries[place] as Float32Array);
}

function ratioOf({ ways: { auto }, plain = [] }: FilterCell): number {
  return auto.us / plainUsAt(plain, auto.recall);
}

/** Each filter is another one, so that no set of rows is kept; the first finds nothing in the processor's caches either. */
async function evaluate({ collection }: FilterSet): Promise<Evaluation[]> {
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

function writeReport(): void {
  const page = join(projectRoot(), 'docs', 'filters.md');
  writeSection(page, 'summary', filterSummary(lines));
  writeSection(page, 'evaluations', evaluationTable(evaluations));
  for (const name of ['gloss', 'photo']) {
    writeSection(page, name, filterTable(lines.filter(({ set }) => set === name)));
  }
  printLine(filterSummary(lines));
  printLine(evaluationTable(evaluations));
}
