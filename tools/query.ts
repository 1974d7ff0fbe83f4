// `vamana query`: the points nearest to one row of a vector file, with their payloads, as a table.
import type { Command } from 'commander';
import { spaceOf } from '../src/config/spaces.js';
import { VamanaError } from '../src/errors.js';
import type { Collection, ExplainedSearch, QueryVectors, ScoredPoint } from '../src/index.js';
import { requireFinite } from '../src/source/finite.js';
import { halvesToFloats } from '../src/source/half.js';
import { openVectorSource, readRows, vectorElement } from '../src/source/vector-source.js';
import { addCollectionOptions, type CollectionVerbOptions, idJson, withCollection } from './database-options.js';
import { explanationFacts } from './explanation.js';
import { choiceOrInteger, integer, json as parseJson, positiveInteger } from './options.js';
import { formatNumber, printFacts, printJson, printLine, printTable, rounded, shortJson, snakeKeys } from './output.js';
import { action } from './run.js';

interface QueryOptions extends CollectionVerbOptions {
  vectorFile: string;
  row: number;
  k: number;
  listSize: number;
  rerank: 'auto' | number;
  exact?: true;
  filter?: unknown;
  explain?: true;
  using?: string;
  format?: string;
}

export function register(program: Command): void {
  addCollectionOptions(program.command('query'))
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
        const { k, listSize, rerank, exact = false, filter } = options;
        await withCollection(options, async (collection) => {
          const query = await readQuery(options, collection);
          const startMs = performance.now();
          const search = {
            k,
            listSize,
            rerank,
            exact,
            withPayload: true,
            signal,
            ...(filter === undefined ? {} : { filter }),
            ...(options.using === undefined ? {} : { using: options.using }),
          };
          const found = await collection.explain(query, search);
          const seconds = (performance.now() - startMs) / 1000;
          if (json) printJson(documentOf(options, found, seconds));
          else print(options, found);
        });
      }),
    );
}

async function readQuery(options: QueryOptions, collection: Collection): Promise<QueryVectors> {
  const { vectorFile: path, row, format } = options;
  const source = await openVectorSource(path, format === undefined ? {} : { format });
  try {
    vectorElement(source);
    const { dim } = spaceOf(collection.config, options.using);
    if (source.dim !== dim) {
      const found = `${path} holds vectors of dimension ${source.dim}`;
      throw new VamanaError('INVALID_ARGUMENT', `${found}; collection ${collection.name} has dimension ${dim}`);
    }
    if (row >= source.rows) {
      throw new VamanaError('INVALID_ARGUMENT', `--row ${row}: ${path} has rows 0 to ${source.rows - 1}`);
    }
    const data = await readRows(source, row, 1);
    requireFinite(source, { firstRow: row, data });
    return source.element === 'f16' ? halvesToFloats(data as Uint16Array) : Float32Array.from(data);
  } finally {
    source.close();
  }
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
