// Several named vectors over the wire: with the clients of Qdrant, in every form a request may give them, refusals, and the
// move from one vector to another while the collection is served.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { QdrantClient as Client118 } from 'qdrant-client-1-18';
import { QdrantClient as Client119 } from 'qdrant-client-1-19';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { open } from '../src/index.js';
import { type ServiceProcess, startServiceProcess } from './service-process.js';
import { temporaryFolder } from './vector-files.js';

const folder = temporaryFolder();
let service: ServiceProcess;

beforeAll(async () => {
  await makeOld(folder.file('data'));
  service = await startServiceProcess(folder.file('data'));
});
afterAll(() => service.stop('SIGKILL'));

/** As a release made it that had the name of a collection's one vector in the service's own file. */
async function makeOld(dir: string): Promise<void> {
  const database = await open(dir, { reserveBytes: 0 });
  const collection = await database.createCollection('old', { dim: 2 });
  await collection.upsert([1, 2, 3].map((id) => ({ id, vector: [id, 0] })));
  await database.close();
  const old = { vectorName: 'text', asked: { vectors: { text: { size: 2, distance: 'Euclid' } } } };
  writeFileSync(join(dir, 'service.json'), JSON.stringify({ collections: { old }, aliases: {} }));
}

const vectors = {
  text: { size: 3, distance: 'Cosine' },
  image: { size: 2, distance: 'Euclid', datatype: 'uint8' },
} as const;
const ids = (points: { id: unknown }[]): unknown[] => points.map(({ id }) => id);

async function call(method: string, path: string, body?: unknown) {
  return service.call(method as 'GET', path, body as never);
}

async function make(name: string): Promise<string> {
  expect((await call('PUT', `/collections/${name}`, { vectors })).status).toBe(200);
  const points = [
    { id: 1, vector: { text: [1, 0, 0], image: [1, 1] }, payload: { n: 1 } },
    { id: 2, vector: { text: [0, 1, 0] }, payload: { n: 2 } },
    { id: 3, vector: { image: [9, 9] }, payload: { n: 3 } },
    { id: 4, vector: {}, payload: { n: 4 } },
  ];
  expect((await call('PUT', `/collections/${name}/points?wait=true`, { points })).status).toBe(200);
  return `/collections/${name}`;
}

describe.each([
  ['1.18', Client118],
  ['1.19', Client119],
] as const)('the JavaScript client %s', (version, Client) => {
  it('makes, fills, searches and changes points with several vectors', async () => {
    const qdrant = new Client({ url: service.url });
    const name = `named-${version}`;
    await qdrant.createCollection(name, { vectors });
    expect((await qdrant.getCollection(name)).config.params.vectors).toEqual(vectors);
    const points = [
      { id: 1, vector: { text: [1, 0, 0], image: [1, 1] } },
      { id: 2, vector: { text: [0, 1, 0] } },
      { id: 3, vector: { image: [9, 9] } },
    ];
    await qdrant.upsert(name, { wait: true, points });
    const near = await qdrant.query(name, { query: [9, 8], using: 'image', with_vector: ['image'] });
    expect(near.points).toMatchObject([
      { id: 3, score: 1, vector: { image: [9, 9] } },
      { id: 1, vector: { image: [1, 1] } },
    ]);
    expect(ids((await qdrant.query(name, { query: 1, using: 'text' })).points)).toEqual([2]);
    await qdrant.updateVectors(name, { points: [{ id: 2, vector: { image: [5, 5] } }] });
    await qdrant.deleteVectors(name, { points: [1], vector: ['text'] });
    expect(await qdrant.retrieve(name, { ids: [1, 2, 3], with_vector: true })).toMatchObject([
      { id: 1, vector: { image: [1, 1] } },
      { id: 2, vector: { text: [0, 1, 0], image: [5, 5] } },
      { id: 3, vector: { image: [9, 9] } },
    ]);
    expect((await qdrant.count(name, { filter: { must: [{ has_vector: 'text' }] }, exact: true })).count).toBe(1);
    await qdrant.deleteVectors(name, { filter: { must: [{ has_vector: 'text' }] }, vector: ['image'] });
    expect((await qdrant.retrieve(name, { ids: [2], with_vector: true }))[0]?.vector).toEqual({ text: [0, 1, 0] });
    await qdrant.deleteCollection(name);
  });

  it('adds and drops a named vector', async () => {
    const qdrant = new Client({ url: service.url });
    const name = `added-${version}`;
    await qdrant.createCollection(name, { vectors: { text: vectors.text } });
    await qdrant.upsert(name, { wait: true, points: [{ id: 1, vector: { text: [1, 0, 0] } }] });
    const added = await qdrant.createVectorName(name, 'image', { dense: vectors.image });
    expect(added).toMatchObject({ status: 'completed' });
    await qdrant.updateVectors(name, { wait: true, points: [{ id: 1, vector: { image: [5, 5] } }] });
    expect(ids((await qdrant.query(name, { query: [5, 4], using: 'image' })).points)).toEqual([1]);
    expect(await qdrant.deleteVectorName(name, 'text')).toMatchObject({ status: 'completed' });
    expect((await qdrant.getCollection(name)).config.params.vectors).toEqual({ image: vectors.image });
    await expect(qdrant.deleteVectorName(name, 'image')).rejects.toMatchObject({ status: 400 });
    expect((await qdrant.retrieve(name, { ids: [1], with_vector: true }))[0]?.vector).toEqual({ image: [5, 5] });
  });
});

describe('named vectors', () => {
  it('are asked by every form of query, each by its own metric', async () => {
    const path = await make('forms');
    const query = async (body: object, end = 'query') =>
      (await call('POST', `${path}/points/${end}`, body)).body.result;
    expect(ids((await query({ query: [1, 1], using: 'image' })).points)).toEqual([1, 3]);
    expect(ids(await query({ vector: { name: 'text', vector: [0, 1, 0] }, limit: 1 }, 'search'))).toEqual([2]);
    expect(ids(await query({ positive: [1], using: 'image' }, 'recommend'))).toEqual([3]);
    const best = { recommend: { positive: [1], strategy: 'best_score' } };
    expect(ids((await query({ query: best, using: 'image' })).points)).toEqual([3]);
    const both = [
      { query: [1, 1], using: 'image' },
      { query: [0, 1, 0], using: 'text' },
    ];
    expect(new Set(ids((await query({ prefetch: both, query: { fusion: 'rrf' } })).points))).toEqual(
      new Set([1, 2, 3]),
    );
    const ranked = await query({ prefetch: both, query: [0, 1, 0], using: 'text', score_threshold: 0.5 });
    expect(ranked.points).toMatchObject([{ id: 2, score: 1 }]);
    const groups = await query({ query: [1, 1], using: 'image', group_by: 'n', limit: 9 }, 'query/groups');
    expect(groups.groups.map(({ id }: { id: number }) => id)).toEqual([1, 3]);
    const many = await query({ searches: [...both, { query: [9, 9], using: 'image', limit: 1 }] }, 'query/batch');
    expect(many.map((each: { points: { id: unknown }[] }) => ids(each.points))).toEqual([[1, 3], [2, 1], [3]]);
    const scrolled = await query({ with_vector: ['text'] }, 'scroll');
    expect(scrolled.points.map(({ vector }: { vector: unknown }) => vector)).toEqual([
      { text: [1, 0, 0] },
      { text: [0, 1, 0] },
      {},
      {},
    ]);
  });

  it('are written in columns and in large bodies', async () => {
    const path = await make('columns');
    const batch = {
      ids: [10, 11],
      vectors: {
        text: [
          [0, 0, 1],
          [0, 0, 2],
        ],
        image: [
          [3, 3],
          [4, 4],
        ],
      },
    };
    expect((await call('PUT', `${path}/points?wait=true`, { batch })).status).toBe(200);
    const large = Array.from({ length: 3000 }, (_, at) => ({
      id: 100 + at,
      vector: { ...(at % 2 === 0 ? { text: [1, at, 0] } : {}), ...(at % 3 === 0 ? { image: [at % 256, 7] } : {}) },
      payload: { text: `number ${at}, with some words so that the body is a large one` },
    }));
    expect((await call('PUT', `${path}/points?wait=true`, { points: large })).status).toBe(200);
    const count = async (name: string) =>
      (await call('POST', `${path}/points/count`, { filter: { must: [{ has_vector: name }] } })).body.result.count;
    expect([await count('text'), await count('image')]).toEqual([2 + 2 + 1500, 2 + 2 + 1000]);
    const shown = (await call('POST', `${path}/points`, { ids: [103, 11], with_vector: true })).body.result;
    expect(shown.map(({ vector }: { vector: unknown }) => vector)).toEqual([
      { image: [3, 7] },
      { text: [0, 0, 1], image: [4, 4] },
    ]);
  });

  it('are read as floats from bodies of any size, under names that mean something elsewhere', async () => {
    const spaces = { payload: { size: 24, distance: 'Euclid' }, query: { size: 32, distance: 'Dot' } };
    expect((await call('PUT', '/collections/wide', { vectors: spaces })).status).toBe(200);
    const numbers = (dim: number, seed: number): number[] =>
      Array.from({ length: dim }, (_, at) => Math.fround(Math.sin(seed + at)));
    const vectorOf = (id: number) => ({
      ...(id % 3 === 0 ? {} : { payload: numbers(24, id) }),
      ...(id % 3 === 1 ? {} : { query: numbers(32, 2 * id) }),
    });
    const write = async (end: string, body: object) =>
      expect((await call('PUT', `/collections/wide/points${end}?wait=true`, body)).status).toBe(200);
    const list = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, at) => from + at);
    const payload = { list: numbers(20, 1) };
    await write('', { points: list(0, 3).map((id) => ({ id, vector: vectorOf(id), payload })) });
    await write('', { points: list(3, 2000).map((id) => ({ id, vector: vectorOf(id) })) });
    const ids3 = list(2000, 2003);
    const columns = { payload: ids3.map((id) => numbers(24, id)), query: ids3.map((id) => numbers(32, id)) };
    await write('', { batch: { ids: ids3, vectors: columns } });
    await write('/vectors', { points: [{ id: 3, vector: { payload: numbers(24, 7) } }] });
    const asked = [0, 1, 2, 3, 1999, 2002];
    const shown = await call('POST', '/collections/wide/points', { ids: asked, with_vector: true });
    const both = { payload: numbers(24, 2002), query: numbers(32, 2002) };
    const expected = [
      ...asked.slice(0, 3).map(vectorOf),
      { ...vectorOf(3), payload: numbers(24, 7) },
      vectorOf(1999),
      both,
    ];
    const vectorsOf = shown.body.result.map(({ vector }: { vector: Record<string, number[]> }) =>
      Object.fromEntries(Object.entries(vector).map(([name, values]) => [name, values.map(Math.fround)])),
    );
    expect(vectorsOf).toEqual(expected);
    expect(shown.body.result[0].payload.list.map(Math.fround)).toEqual(payload.list);
    const searches = [
      { query: numbers(24, 1999), using: 'payload', limit: 1, with_vector: ['payload'] },
      { query: { nearest: numbers(24, 7) }, using: 'payload', limit: 2 },
    ];
    const { result } = (await call('POST', '/collections/wide/points/query/batch', { searches })).body;
    expect(result[0].points[0].vector.payload.map(Math.fround)).toEqual(numbers(24, 1999));
    expect(new Set(ids(result[1].points))).toEqual(new Set([3, 7]));
    const old = { vector: { name: 'payload', vector: numbers(24, 1999) }, limit: 1 };
    expect(ids((await call('POST', '/collections/wide/points/search', old)).body.result)).toEqual([1999]);
  });

  it.each([
    [
      'a query that names none',
      'POST',
      'points/query',
      { query: [1, 1] },
      /requires the vector name `text` or `image`/,
    ],
    [
      'a query of another',
      'POST',
      'points/query',
      { query: [1, 1], using: 'sound' },
      /Not existing vector name.*sound/,
    ],
    [
      'a query of the wrong dimension',
      'POST',
      'points/query',
      { query: [1, 1], using: 'text' },
      /expected dim: 3, got 2/,
    ],
    [
      'a point with an unnamed one',
      'PUT',
      'points',
      { points: [{ id: 1, vector: [1, 1] }] },
      /requires the vector name/,
    ],
    [
      'a point with another',
      'PUT',
      'points',
      { points: [{ id: 1, vector: { sound: [1] } }] },
      /Not existing vector name/,
    ],
    [
      'deleting another',
      'POST',
      'points/vectors/delete',
      { points: [1], vector: ['sound'] },
      /Not existing vector name/,
    ],
    ['showing another', 'POST', 'points/scroll', { with_vector: ['sound'] }, /Not existing vector name/],
    ['dropping the default', 'DELETE', '', undefined, /default space and cannot be dropped/],
  ])('are refused: %s', async (_what, method, end, body, message) => {
    await make('refusals').catch(() => undefined);
    const path = end === '' ? '/vamana/collections/refusals/spaces/text' : `/collections/refusals/${end}`;
    const refused = await call(method, path, body);
    expect([refused.status, refused.body.status.error]).toEqual([400, expect.stringMatching(message)]);
  });
});

it('a collection whose one name the service knew goes on as it was, and takes other vectors', async () => {
  const points = '/collections/old/points';
  const query = async (body: object) => (await call('POST', `${points}/query`, body)).body.result?.points;
  expect(ids(await query({ query: [3, 0], using: 'text', limit: 1 }))).toEqual([3]);
  expect((await call('POST', `${points}/query`, { query: [3, 0] })).status).toBe(400);
  await call('PUT', `${points}?wait=true`, { points: [{ id: 4, vector: { text: [4, 0] } }] });
  expect((await call('PUT', '/vamana/collections/old/spaces/v2', { size: 1, distance: 'Dot' })).status).toBe(200);
  await call('PUT', `${points}/vectors?wait=true`, { points: [{ id: 4, vector: { v2: [9] } }] });
  const { vectors: described } = (await call('GET', '/collections/old')).body.result.config.params;
  expect(Object.keys(described)).toEqual(['text', 'v2']);
  const [four] = (await call('POST', points, { ids: [4], with_vector: true })).body.result;
  expect(four.vector).toEqual({ text: [4, 0], v2: [9] });
  expect(ids(await query({ query: [2.9, 0], using: 'text', limit: 2 }))).toEqual([3, 2]);
  expect(ids(await query({ query: [1], using: 'v2' }))).toEqual([4]);
});

it('a prefix of another vector is asked by whole vectors, and ranks on them', async () => {
  const full = { size: 4, distance: 'Euclid' };
  const named = { full, short: { size: 2, distance: 'Euclid', prefix_of: 'full' } };
  expect((await call('PUT', '/collections/prefixes', { vectors: named })).status).toBe(200);
  const points = [1, 2, 3].map((id) => ({ id, vector: { full: [id, 0, 0, 10 - id] } }));
  await call('PUT', '/collections/prefixes/points?wait=true', { points });
  const query = async (body: object) => (await call('POST', '/collections/prefixes/points/query', body)).body;
  const found = await query({ query: [0, 0, 0, 6.5], using: 'short', with_vector: ['short'], limit: 2 });
  expect(found.result.points).toMatchObject([
    { id: 2, score: 2.5, vector: { short: [2, 0] } },
    { id: 1, vector: { short: [1, 0] } },
  ]);
  expect(ids((await query({ query: 1, using: 'short' })).result.points)).toEqual([2, 3]);
  expect((await query({ query: [0, 0], using: 'short' })).status.error).toMatch(/expected dim: 4, got 2/);
});

describe('moving to another vector', () => {
  it('adds it, fills it, compares, chooses it and drops the old one, while queries go on', async () => {
    await call('PUT', '/collections/moving', { vectors: { size: 2, distance: 'Euclid' } });
    const points = Array.from({ length: 50 }, (_, at) => ({ id: at, vector: [at, 0] }));
    await call('PUT', '/collections/moving/points?wait=true', { points });
    const space = '/vamana/collections/moving/spaces/v2';
    const asked = { size: 3, distance: 'Euclid', model: 'embed-2' };
    expect((await call('PUT', space, asked)).body.result).toBe(true);
    expect((await call('PUT', space, asked)).status).toBe(409);
    const config = (await call('GET', '/collections/moving')).body.result.config.params.vectors;
    expect(config).toMatchObject({ '': { size: 2, distance: 'Euclid' }, v2: asked });
    await call('PUT', '/collections/moving/points', {
      points: [{ id: 7, vector: { '': [7, 0], v2: [100, 100, 100] } }],
    });
    const fill = points.map(({ id }) => ({ id, vector: { v2: [id, 0, 0] } }));
    await call('PUT', '/collections/moving/points/vectors?wait=true', { points: fill, only_missing: true });
    const nearest = async (query: number[], using?: string) =>
      ids((await call('POST', '/collections/moving/points/query', { query, limit: 2, using })).body.result.points);
    expect(await nearest([100, 100, 99], 'v2')).toEqual([7, 49]);
    expect(await nearest([0, 0])).toEqual([0, 1]);
    const compared = (await call('POST', `${space}/compare`, { with: '', queries: 20, limit: 5 })).body.result;
    expect(compared).toMatchObject({ k: 5, queries: 20, recall: { '': 1, v2: 1 } });
    expect(compared.overlap).toBeGreaterThan(0.7);
    expect((await call('POST', `${space}/default`)).body.result).toBe(true);
    expect(await nearest([1, 0, 0])).toEqual([1, 0]);
    // The one without a name.
    expect((await call('DELETE', '/vamana/collections/moving/spaces/')).body.result).toBe(true);
    expect((await call('GET', '/collections/moving')).body.result.config.params.vectors).toEqual({ v2: asked });
    expect(await nearest([1, 0, 0])).toEqual([1, 0]);
    expect((await call('POST', '/collections/moving/points/query', { query: [0, 0], using: '' })).status).toBe(400);
  });
});
