// `vamana query --url`: the same question to a service, by the query API of Qdrant. Scores are those of the service: a
// distance for l2 and l1, a similarity for cosine and dot.
import { VamanaError } from '../src/errors.js';
import type { Payload } from '../src/index.js';
import { shortFloat } from '../src/payload/exact-json.js';
import { idJson } from './database-options.js';
import { type Fact, formatNumber, printFacts, printJson, printLine, printTable, rounded, shortJson } from './output.js';
import type { RemotePlace } from './place-options.js';
import { type QueryVectorOptions, readQueryVector } from './query-vector.js';
import { RemoteCollection } from './remote-collection.js';

export interface RemoteQueryOptions extends QueryVectorOptions {
  k: number;
  listSize: number;
  exact?: true;
  filter?: unknown;
  explain?: true;
  using?: string;
}

interface RemoteHit {
  id: number | bigint | string;
  version: number;
  score: number;
  payload?: Payload;
}

export async function queryService(
  { server, name }: RemotePlace,
  options: RemoteQueryOptions,
  json: boolean,
): Promise<void> {
  const path = `/collections/${encodeURIComponent(name)}`;
  const { k, listSize, exact, filter, explain, using } = options;
  const chosen = { vectorOption: '--using', ...(using === undefined ? {} : { vector: using }) };
  const info = await new RemoteCollection(server.url + path, { ...server.options, ...chosen }).info();
  if (info === undefined) throw new VamanaError('NOT_FOUND', `${server.url}: there is no collection ${name}`);
  const vector = await readQueryVector(options, { name, dim: info.config.dim });
  const body = {
    query: Array.from(vector, shortFloat),
    ...(info.vectorName === '' ? {} : { using: info.vectorName }),
    ...(filter === undefined ? {} : { filter }),
    limit: k,
    params: { hnsw_ef: listSize, exact: exact === true },
    with_payload: true,
  };
  const startMs = performance.now();
  const answer = await server.answer('POST', `${path}/points/query${explain === true ? '?cost=true' : ''}`, body);
  const seconds = (performance.now() - startMs) / 1000;
  const { points } = answer.result as { points: RemoteHit[] };
  const cost = (answer.cost ?? {}) as Record<string, number>;
  if (json) printJson(documentOf(name, options, points, seconds, cost));
  else
    print(points, explain === true ? Object.entries(cost).map(([of, value]): Fact => [of, formatNumber(value)]) : []);
}

function documentOf(
  collection: string,
  { k, listSize: list_size, row, exact, filter = null, explain }: RemoteQueryOptions,
  found: readonly RemoteHit[],
  seconds: number,
  cost: Record<string, number>,
): unknown {
  const points = found.map(({ id, version, score, payload = null }) => {
    return { id: typeof id === 'bigint' ? idJson(id) : id, score, version, payload };
  });
  const params = { k, list_size, exact: exact === true, row, filter };
  return { collection, params, seconds: rounded(seconds), points, ...(explain === true ? { cost } : {}) };
}

function print(points: readonly RemoteHit[], cost: readonly Fact[]): void {
  if (points.length === 0) printLine('no points');
  else {
    printTable(
      [...points.entries()],
      [
        { title: '#', cell: ([at]) => at + 1 },
        { title: 'id', cell: ([, { id }]) => id.toString(), align: 'right' },
        { title: 'score', cell: ([, { score }]) => formatNumber(score), align: 'right' },
        { title: 'payload', cell: ([, { payload }]) => shortJson(payload ?? null) },
      ],
    );
  }
  if (cost.length === 0) return;
  printLine();
  printFacts(cost);
}
