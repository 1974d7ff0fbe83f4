// `vamana analyze-filters`: how fast and how well each way of searching with a filter does on a collection, by
// selectivity, and whether the planner takes the best one.
import type { Command } from 'commander';
import { spaceOf } from '../src/config/spaces.js';
import { VamanaError } from '../src/errors.js';
import type { Collection } from '../src/index.js';
import { halvesToFloats } from '../src/source/half.js';
import { openVectorSource, readRows, vectorShape } from '../src/source/vector-source.js';
import { addCollectionOptions, type CollectionVerbOptions, withCollection } from './database-options.js';
import {
  analyseFilter,
  type CurvePoint,
  type FilterCell,
  type Measured,
  plainCurve,
  plainUsAt,
  STRATEGIES,
} from './filter-analysis.js';
import { filterGrid, type GridFilter } from './filter-grid.js';
import { json as parseJson, parseSize, positiveInteger } from './options.js';
import { printJson, printLine, printTable, rounded, snakeKeys } from './output.js';
import { createProgress } from './progress.js';
import { action } from './run.js';

interface AnalyzeOptions extends CollectionVerbOptions {
  queries?: string;
  filter?: unknown[];
  count: number;
  k: number;
  listSize: number;
  rounds: number;
  cache: number;
}

const RECALL_MIN = 0.97;

type Line = GridFilter & FilterCell & { plainRatio: number };

export function register(program: Command): void {
  addCollectionOptions(program.command('analyze-filters'))
    .description('what each way of searching with a filter costs and finds, by selectivity, and what the planner takes')
    .option('--queries <file>', 'vector file with the queries; points of the collection by default')
    .option(
      '--filter <json...>',
      'these filters; by default ids at random, and values and ranges of indexed fields',
      collect,
    )
    .option('--count <n>', 'queries a cell', positiveInteger, 50)
    .option('--k <n>', 'points a query', positiveInteger, 10)
    .option('--list-size <n>', 'width of the beam', positiveInteger, 64)
    .option('--rounds <n>', 'rounds, of which the median counts', positiveInteger, 3)
    .option('--cache <size>', 'bytes of the page cache', parseSize, 0)
    .action(
      action<AnalyzeOptions>(async (options, { json, signal }) => {
        const { k, listSize, rounds, cache } = options;
        await withCollection(
          options,
          async (collection) => {
            await collection.linked();
            const queries = await readQueries(collection, options);
            const grid = given(options.filter) ?? (await filterGrid(collection));
            const curve = await plainCurve(collection, queries, [32, 64, 96, 128, 192, 256, 384], { k, rounds });
            const progress = createProgress({ label: 'measuring', total: grid.length, unit: 'filters' });
            const lines: Line[] = [];
            try {
              for (const cell of grid) {
                const found = await analyseFilter(collection, queries, cell.filter, {
                  k,
                  listSize,
                  rounds,
                  signal,
                  recallMin: RECALL_MIN,
                });
                lines.push({
                  ...cell,
                  ...found,
                  plainRatio: found.ways.auto.us / plainUsAt(curve, found.ways.auto.recall),
                });
                progress.update(lines.length);
              }
            } finally {
              progress.end();
            }
            lines.sort((a, b) => a.selectivity - b.selectivity);
            if (json) printJson(documentOf(options, curve, lines));
            else print(lines);
          },
          { cacheBytes: cache },
        );
      }),
    );
}

function collect(text: string, before: unknown[] = []): unknown[] {
  return [...before, parseJson(text)];
}

function given(filters: readonly unknown[] | undefined): GridFilter[] | undefined {
  return filters?.map((filter) => ({ label: JSON.stringify(filter), filter }));
}

async function readQueries(collection: Collection, { queries: path, count }: AnalyzeOptions): Promise<Float32Array[]> {
  if (path === undefined) return pointsAsQueries(collection, count);
  const source = await openVectorSource(path);
  try {
    vectorShape(source);
    const { dim } = collection.config;
    if (source.dim !== dim) {
      const found = `${path} holds vectors of dimension ${source.dim}`;
      throw new VamanaError('INVALID_ARGUMENT', `${found}; collection ${collection.name} has dimension ${dim}`);
    }
    const rows = Math.min(count, source.rows);
    const data = await readRows(source, 0, rows);
    const floats = source.element === 'f16' ? halvesToFloats(data as Uint16Array) : Float32Array.from(data);
    return Array.from({ length: rows }, (_, at) => floats.subarray(at * dim, (at + 1) * dim));
  } finally {
    source.close();
  }
}

// Spread over the ids.
async function pointsAsQueries(collection: Collection, count: number): Promise<Float32Array[]> {
  const step = Math.max(1, Math.floor(collection.count() / count));
  const queries: Float32Array[] = [];
  let at = 0;
  const { name } = spaceOf(collection.config);
  for await (const point of collection.scroll({ withPayload: false, withVector: [name] })) {
    const vector = point.vectors === undefined ? point.vector : point.vectors[name];
    if (at % step === 0 && vector !== undefined) queries.push(Float32Array.from(vector));
    if (queries.length === count) break;
    at += 1;
  }
  return queries;
}

function print(lines: readonly Line[]): void {
  if (lines.length === 0) {
    printLine('no filters: the collection has no points');
    return;
  }
  const way = (name: keyof FilterCell['ways']) => ({
    title: name,
    cell: ({ ways }: Line) => shown(ways[name]),
    align: 'right' as const,
  });
  printTable(lines, [
    { title: 'filter', cell: ({ label }) => (label.length > 40 ? `${label.slice(0, 37)}...` : label) },
    { title: 'selectivity', cell: ({ selectivity }) => `${(100 * selectivity).toFixed(3)}%`, align: 'right' },
    ...STRATEGIES.map(way),
    { title: 'best', cell: ({ best }) => best },
    { title: 'planner', cell: ({ picks }) => Object.keys(picks).join(', ') || 'none' },
    way('auto'),
    { title: 'x best', cell: ({ ratio }) => ratio.toFixed(2), align: 'right' },
    { title: 'x plain', cell: ({ plainRatio }) => plainRatio.toFixed(2), align: 'right' },
  ]);
  const near = lines.filter(({ ratio }) => ratio <= 1.3).length;
  printLine();
  printLine(`us a query and recall; the planner is within 1.3 times the best in ${near} of ${lines.length} filters`);
}

function shown({ us, recall, isComplete }: Measured): string {
  return `${Math.round(us)} us ${recall.toFixed(3)}${isComplete ? '' : ' short'}`;
}

function documentOf(options: AnalyzeOptions, curve: readonly CurvePoint[], lines: readonly Line[]): unknown {
  const { collection, count, k, listSize: list_size, rounds, cache: cache_bytes } = options;
  return {
    collection,
    params: { queries: count, k, list_size, rounds, cache_bytes },
    plain: curve.map((point) => snakeKeys(point)),
    filters: lines.map(({ ratio, plainRatio, ...line }) => ({
      ...(snakeKeys(line) as object),
      ratio: rounded(ratio),
      plain_ratio: rounded(plainRatio),
    })),
  };
}
