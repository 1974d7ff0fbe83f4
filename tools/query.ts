// `vamana query`: the points nearest to one row of a vector file, with their payloads, as a table.
import type { Command } from 'commander';
import { spaceOf } from '../src/config/spaces.js';
import type { Collection, ExplainedSearch, ScoredPoint } from '../src/index.js';
import { idJson } from './database-options.js';
import { explanationFacts } from './explanation.js';
import { choiceOrInteger, integer, json as parseJson, positiveInteger } from './options.js';
import { formatNumber, printFacts, printJson, printLine, printTable, rounded, shortJson, snakeKeys } from './output.js';
import { addPlaceOptions, type PlaceOptions, withPlace } from './place-options.js';
import { type QueryVectorOptions, readQueryVector } from './query-vector.js';
import { queryService } from './remote-query.js';
import { action, UsageError } from './run.js';

interface QueryOptions extends PlaceOptions, QueryVectorOptions {
  k: number;
  listSize: number;
  rerank: 'auto' | number;
  exact?: true;
  filter?: unknown;
  explain?: true;
  using?: string;
}

export function register(program: Command): void {
  addPlaceOptions(program.command('query'))
    .description('the points nearest to a vector, with their payloads')
    .requiredOption('--vector-file <file>', 'vector file with the query')
    .option('--row <n>', 'which of its rows is the query', integer(0), 0)
    .option('--k <n>', 'points', positiveInteger, 10)
    .option('--list-size <n>', 'width of the beam', positiveInteger, 64)
    .option('--rerank <auto|n>', 'candidates a segment read and ranked exactly', choiceOrInteger(['auto'], 1), 'auto')
    .option('--exact', 'scan every row instead of walking the graph')
    .option('--filter <json>', 'only points that match, in the filter language of the service', parseJson)
    .option('--using <name>', 'which vectors of the collection, where it has several')
    .option('--explain', 'how matching points were looked for, and what it cost')
    .option('--format <name>', 'format of the vector file, when its extension does not tell')
    .action(
      action<QueryOptions>(async (options, { signal, json }) => {
        await withPlace(options, signal, {
          local: (collection) => queryHere(collection, options, { json, signal }),
          remote: (place) => {
            if (options.rerank !== 'auto')
              throw new UsageError('--rerank: not with --url, where it is a choice of the service');
            return queryService(place, options, json);
          },
        });
      }),
    );
}

async function queryHere(
  collection: Collection,
  options: QueryOptions,
  { json, signal }: { json: boolean; signal: AbortSignal },
): Promise<void> {
  const { k, listSize, rerank, exact = false, filter } = options;
  const query = await readQueryVector(options, {
    name: collection.name,
    dim: spaceOf(collection.config, options.using).dim,
  });
  const startMs = performance.now();
  const search = {
    ...{ k, listSize, rerank, exact, withPayload: true, signal },
    ...(filter === undefined ? {} : { filter }),
    ...(options.using === undefined ? {} : { using: options.using }),
  };
  const found = await collection.explain(query, search);
  const seconds = (performance.now() - startMs) / 1000;
  if (json) printJson(documentOf(options, found, seconds));
  else print(options, found);
}

function documentOf(options: QueryOptions, { points: found, plan }: ExplainedSearch, seconds: number): unknown {
  const { collection, k, listSize: list_size, rerank, row } = options;
  const points = found.map(({ id, version, distance, payload }) => {
    return { id: idJson(id), distance: rounded(distance), version, payload };
  });
  return {
    collection,
    params: { k, list_size, rerank, exact: options.exact === true, row, filter: options.filter ?? null },
    seconds: rounded(seconds),
    points,
    ...(options.explain === true ? { plan: snakeKeys(plan) } : {}),
  };
}

function print({ explain }: QueryOptions, { points: found, plan }: ExplainedSearch): void {
  printPoints(found);
  if (explain !== true) return;
  printLine();
  printFacts(explanationFacts(plan));
}

function printPoints(found: readonly ScoredPoint[]): void {
  if (found.length === 0) {
    printLine('no points');
    return;
  }
  printTable(
    [...found.entries()],
    [
      { title: '#', cell: ([at]) => at + 1 },
      { title: 'id', cell: ([, { id }]) => id.toString(), align: 'right' },
      { title: 'distance', cell: ([, { distance }]) => formatNumber(distance), align: 'right' },
      { title: 'payload', cell: ([, { payload }]) => shortJson(payload) },
    ],
  );
}
