// The wire of `vamana serve`, as a process: statuses, shapes, defaults and semantics. What no client may do to it is in
// service-fuzz.test.ts.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ServiceProcess, startServiceProcess } from './service-process.js';
import { temporaryFolder } from './vector-files.js';

const folder = temporaryFolder();
const uuid = '550e8400-e29b-41d4-a716-446655440000';
const big = '18446744073709551615';
let service: ServiceProcess;

beforeAll(async () => {
  service = await startServiceProcess(folder.file('data'), { VAMANA__LIMITS__BODY_BYTES: '1000000' });
});
afterAll(() => service.stop('SIGKILL'));

async function make(name: string, distance = 'Euclid', size = 2): Promise<string> {
  const made = await service.call('PUT', `/collections/${name}`, { vectors: { size, distance } });
  expect(made.body).toMatchObject({ result: true, status: 'ok' });
  return `/collections/${name}`;
}

async function makeLine(name: string, distance = 'Euclid'): Promise<string> {
  const path = await make(name, distance);
  const points = [1, 2, 3, 4].map((id) => ({ id, vector: [id, 0], payload: { n: id, nested: { a: id } } }));
  expect((await service.call('PUT', `${path}/points?wait=true`, { points })).body.result.status).toBe('completed');
  return path;
}

const ids = (points: { id: unknown }[]): unknown[] => points.map(({ id }) => id);

describe('collections', () => {
  it('are made once, described, listed and dropped', async () => {
    const path = await make('c1', 'Cosine', 3);
    const again = await service.call('PUT', path, { vectors: { size: 3, distance: 'Cosine' } });
    expect(again.status).toBe(409);
    expect(again.body.status.error).toContain('already exists');
    const { result } = (await service.call('GET', path)).body;
    expect(result).toMatchObject({
      status: 'green',
      optimizer_status: 'ok',
      points_count: 0,
      indexed_vectors_count: 0,
      segments_count: 0,
      payload_schema: {},
      config: { params: { vectors: { size: 3, distance: 'Cosine' } }, hnsw_config: { m: 12 } },
    });
    expect((await service.call('GET', '/collections')).body.result.collections).toContainEqual({ name: 'c1' });
    expect((await service.call('GET', `${path}/exists`)).body.result).toEqual({ exists: true });
    expect((await service.call('DELETE', path)).body.result).toBe(true);
    expect((await service.call('DELETE', path)).body.result).toBe(false);
    expect((await service.call('GET', path)).status).toBe(404);
    expect((await service.call('GET', `${path}/exists`)).body.result).toEqual({ exists: false });
  });

  it('echo what tunes another engine, and map what has a meaning here', async () => {
    const asked = { hnsw_config: { m: 8, ef_construct: 200 }, on_disk_payload: false, sparse_vectors: { bm25: {} } };
    await service.call('PUT', '/collections/tuned', { vectors: { '': { size: 2, distance: 'Dot' } }, ...asked });
    await service.call('PATCH', '/collections/tuned', { optimizers_config: { indexing_threshold: 1 } });
    const { config } = (await service.call('GET', '/collections/tuned')).body.result;
    expect(config).toMatchObject({
      params: { on_disk_payload: false, sparse_vectors: { bm25: {} } },
      hnsw_config: { m: 8, ef_construct: 200 },
      optimizer_config: { indexing_threshold: 1 },
    });
    const sparse = { points: [{ id: 1, vector: { '': [1, 1], bm25: { indices: [1], values: [1] } } }] };
    const refused = await service.call('PUT', '/collections/tuned/points', sparse);
    expect(refused.status).toBe(400);
    expect(refused.body.status.error).toContain('sparse vector `bm25`');
  });

  it.each([
    ['no vectors', {}],
    ['a named vector without a size', { vectors: { a: { size: 1, distance: 'Dot' }, b: { distance: 'Dot' } } }],
    ['a multivector', { vectors: { a: { size: 1, distance: 'Dot', multivector_config: { comparator: 'max_sim' } } } }],
    ['an unknown distance', { vectors: { size: 2, distance: 'Hamming' } }],
    ['no size', { vectors: { distance: 'Dot' } }],
    ['shards', { vectors: { size: 2, distance: 'Dot' }, shard_number: 2 }],
  ])('are refused with %s', async (_what, body) => {
    expect((await service.call('PUT', '/collections/refused', body)).status).toBe(400);
    expect((await service.call('GET', '/collections/refused')).status).toBe(404);
  });

  it.each(['..', '.hidden', '..%2f..%2fetc', 'a%2Fb', 'x.tmp'])('are never called %s', async (name) => {
    const { status } = await service.call('PUT', `/collections/${name}`, { vectors: { size: 2, distance: 'Dot' } });
    expect([400, 404]).toContain(status);
  });

  it('have aliases, changed in one list that happens whole', async () => {
    const path = await makeLine('aliased');
    const change = (...actions: unknown[]) => service.call('POST', '/collections/aliases', { actions });
    const create = { create_alias: { collection_name: 'aliased', alias_name: 'first' } };
    expect((await change(create)).body.result).toBe(true);
    const rename = { rename_alias: { old_alias_name: 'first', new_alias_name: 'second' } };
    expect((await change(rename, { delete_alias: { alias_name: 'missing' } })).status).toBe(404);
    expect((await service.call('POST', '/collections/first/points/count', {})).body.result.count).toBe(4);
    expect((await change(rename)).body.result).toBe(true);
    const expected = { aliases: [{ alias_name: 'second', collection_name: 'aliased' }] };
    expect((await service.call('GET', `${path}/aliases`)).body.result).toEqual(expected);
    await service.call('DELETE', path);
    expect((await service.call('GET', '/aliases')).body.result).toEqual({ aliases: [] });
  });
});

describe('points', () => {
  it('have ids that are exact and canonical, in both directions', async () => {
    const path = await make('ids');
    const given = `{"points":[{"id":${big},"vector":[1,0],"payload":{"n":9007199254740993}},{"id":9007199254740993,
      "vector":[2,0]},{"id":"${uuid.toUpperCase().replaceAll('-', '')}","vector":[3,0]}]}`;
    expect((await service.call('PUT', `${path}/points`, given)).status).toBe(200);
    const scrolled = await service.call('POST', `${path}/points/scroll`, {});
    const order = [...scrolled.text.matchAll(/"id":("[^"]+"|\d+)/g)].map((match) => match[1]);
    expect(order).toEqual(['9007199254740993', big, `"${uuid}"`]);
    expect(scrolled.text).toContain('"payload":{"n":9007199254740993}');
    expect((await service.call('GET', `${path}/points/${big}`)).text).toContain(`"id":${big}`);
    expect((await service.call('POST', `${path}/points/delete`, `{"points":[${big}]}`)).status).toBe(200);
    expect((await service.call('GET', `${path}/points/${big}`)).status).toBe(404);
  });

  it.each([
    ['another dimension', { id: 7, vector: [1, 2, 3] }, 'point 7'],
    ['a string in it', { id: 7, vector: [1, 'x'] }, 'point 7'],
    ['a number that is too large', { id: 7, vector: [1, 1e39] }, 'point 7'],
    ['an id below zero', { id: -1, vector: [1, 2] }, 'point id'],
    ['an id that is no UUID', { id: 'x', vector: [1, 2] }, 'point id'],
    ['no vector', { id: 7 }, 'vector'],
    ['a vector of another name', { id: 7, vector: { other: [1, 2] } }, 'other'],
    ['several vectors', { id: 7, vector: [[1, 2]] }, 'multivector'],
    ['a text to embed', { id: 7, vector: { text: 'x', model: 'm' } }, 'inference'],
    ['a payload that is none', { id: 7, vector: [1, 2], payload: 1 }, 'payload'],
  ])('are refused with %s, naming it', async (_what, point, named) => {
    await service.call('PUT', '/collections/strict', { vectors: { size: 2, distance: 'Dot' } });
    const refused = await service.call('PUT', '/collections/strict/points', { points: [point] });
    expect(refused.status).toBe(400);
    expect(refused.body.status.error).toContain(named);
    expect(refused.body.time).toBeGreaterThanOrEqual(0);
  });

  it('are written in columns, replaced whole, and acknowledged at once with wait=false', async () => {
    const path = await make('columns');
    const batch = {
      ids: [1, 2],
      vectors: [
        [1, 0],
        [0, 1],
      ],
      payloads: [{ a: 1 }, null],
    };
    expect((await service.call('PUT', `${path}/points?wait=true`, { batch })).status).toBe(200);
    const answer = await service.call('PUT', `${path}/points?wait=false`, { points: [{ id: 1, vector: [5, 5] }] });
    expect([answer.status, answer.body.result.status]).toEqual([200, 'acknowledged']);
    const { result } = (await service.call('POST', `${path}/points`, { ids: [1, 2], with_vector: true })).body;
    expect(result).toEqual([
      { id: 1, payload: {}, vector: [5, 5] },
      { id: 2, payload: {}, vector: [0, 1] },
    ]);
  });

  it('take changes of payload and vectors, one by one and in a list', async () => {
    const path = await makeLine('changes');
    await service.call('POST', `${path}/points/payload`, { payload: { b: 2 }, points: [1] });
    await service.call('POST', `${path}/points/payload`, { payload: { b: 3 }, points: [1], key: 'nested' });
    await service.call('PUT', `${path}/points/payload`, { payload: { only: true }, points: [2] });
    await service.call('POST', `${path}/points/payload/delete`, { keys: ['nested.a'], points: [3] });
    await service.call('POST', `${path}/points/payload/clear`, { points: [4] });
    await service.call('PUT', `${path}/points/vectors`, { points: [{ id: 4, vector: [9, 9] }] });
    const { result } = (await service.call('POST', `${path}/points`, { ids: [1, 2, 3, 4] })).body;
    expect(result.map(({ payload }: { payload: unknown }) => payload)).toEqual([
      { n: 1, nested: { a: 1, b: 3 }, b: 2 },
      { only: true },
      { n: 3, nested: {} },
      {},
    ]);
    const operations = [{ delete: { points: [1, 2] } }, { upsert: { points: [{ id: 5, vector: [5, 0] }] } }];
    expect((await service.call('POST', `${path}/points/batch`, { operations })).body.result).toHaveLength(2);
    const broken = [{ delete: { points: [5] } }, { upsert: { points: [{ id: 6, vector: [1] }] } }];
    expect((await service.call('POST', `${path}/points/batch`, { operations: broken })).status).toBe(400);
    expect((await service.call('POST', `${path}/points/count`, { exact: true })).body.result).toEqual({ count: 3 });
  });

  it('scroll page by page', async () => {
    const path = await makeLine('pages');
    const first = (await service.call('POST', `${path}/points/scroll`, { limit: 3, with_payload: ['n'] })).body.result;
    expect(first.points[0]).toEqual({ id: 1, payload: { n: 1 } });
    expect(first.next_page_offset).toBe(4);
    const rest = (await service.call('POST', `${path}/points/scroll`, { offset: 4 })).body.result;
    expect([ids(rest.points), rest.next_page_offset]).toEqual([[4], null]);
  });
});

describe('search', () => {
  const scores = async (distance: string, body: object): Promise<unknown> => {
    const path = `/collections/s-${distance}`;
    if ((await service.call('GET', path)).status === 404) await makeLine(`s-${distance}`, distance);
    const { points } = (await service.call('POST', `${path}/points/query`, body)).body.result;
    return points.map(({ id, score }: { id: number; score: number }) => [id, score]);
  };

  it.each([
    [
      'Euclid',
      { score_threshold: 2 },
      [
        [2, 1],
        [1, 2],
        [3, 2],
      ],
    ],
    [
      'Manhattan',
      { score_threshold: 2 },
      [
        [2, 1],
        [1, 2],
        [3, 2],
      ],
    ],
    [
      'Dot',
      { score_threshold: 6 },
      [
        [4, 8],
        [3, 6],
      ],
    ],
  ])('scores %s as Qdrant does, with the threshold on its side', async (distance, body, expected) => {
    const query = distance === 'Dot' ? [2, 0] : [2, 1];
    const found = (await scores(distance, { query, ...body })) as [number, number][];
    if (distance === 'Euclid') expect(found.map(([id]) => id)).toEqual([2, 1, 3]);
    else if (distance === 'Dot') expect(found).toEqual(expected);
    else expect(found.sort()).toEqual(expected.sort());
  });

  it('normalises for cosine, and takes the zero vector', async () => {
    const path = await make('unit', 'Cosine');
    const points = [
      { id: 1, vector: [3, 4] },
      { id: 2, vector: [0, 0] },
    ];
    expect((await service.call('PUT', `${path}/points`, { points })).status).toBe(200);
    const { result } = (await service.call('POST', `${path}/points/query`, { query: [6, 8], with_vector: true })).body;
    expect(result.points[0]).toEqual({ id: 1, version: 1, score: 1, vector: [0.6, 0.8] });
  });

  it('answers the older forms with the list itself, and batches in order', async () => {
    const path = await makeLine('older');
    const one = await service.call('POST', `${path}/points/search`, { vector: [4, 0], limit: 2, with_payload: true });
    expect(ids(one.body.result)).toEqual([4, 3]);
    expect(one.body.result[0].payload.n).toBe(4);
    const searches = [
      { vector: [1, 0], limit: 1 },
      { vector: [3, 0], limit: 1, offset: 1 },
    ];
    const many = await service.call('POST', `${path}/points/search/batch`, { searches });
    expect(many.body.result.map(ids)[0]).toEqual([1]);
    const liked = { positive: [1], limit: 3 };
    expect(ids((await service.call('POST', `${path}/points/recommend`, liked)).body.result)).toEqual([2, 3, 4]);
  });

  it('asks by a point, by examples, at random and by nothing', async () => {
    const path = await makeLine('kinds');
    const ask = async (query: unknown) =>
      ids((await service.call('POST', `${path}/points/query`, query === null ? {} : { query })).body.result.points);
    expect(await ask(1)).toEqual([2, 3, 4]);
    expect(await ask({ nearest: [4, 0] })).toEqual([4, 3, 2, 1]);
    expect(await ask({ recommend: { positive: [2], negative: [1] } })).toEqual([3, 4]);
    expect((await ask({ sample: 'random' })).sort()).toEqual([1, 2, 3, 4]);
    expect(await ask(null)).toEqual([1, 2, 3, 4]);
    expect((await service.call('POST', `${path}/points/query`, { query: 99 })).status).toBe(404);
  });

  it('recommends by scores, as a scan of everything does', async () => {
    const path = await make('scored');
    const points = Array.from({ length: 300 }, (_, id) => ({ id, vector: [Math.cos(id), Math.sin(id) * (id % 5)] }));
    await service.call('PUT', `${path}/points`, { points });
    const ask = async (recommend: object, more: object = {}) =>
      (await service.call('POST', `${path}/points/query`, { query: { recommend }, limit: 5, ...more })).body.result
        .points;
    for (const strategy of ['best_score', 'sum_scores']) {
      const recommend = { strategy, positive: [3, [0.5, 0.5]], negative: [7] };
      const found = await ask(recommend);
      expect(found).toEqual(await ask(recommend, { params: { exact: true } }));
      expect(found).toHaveLength(5);
      expect(found.map(({ score }: { score: number }) => score)).toEqual(
        found.map(({ score }: { score: number }) => score).sort((a: number, b: number) => b - a),
      );
      expect(ids(found)).not.toContain(3);
    }
    const away = await ask({ strategy: 'best_score', negative: [[1, 0]] });
    const distance = ([x, y]: number[]) => ((x as number) - 1) ** 2 + (y as number) ** 2;
    const furthest = [...points].sort((a, b) => distance(b.vector) - distance(a.vector))[0];
    expect(away[0].id).toBe(furthest?.id);
    expect((await ask({ strategy: 'sum_scores', positive: [3] }, { score_threshold: 1 })).length).toBe(0);
    expect((await service.call('POST', `${path}/points/query`, { query: { recommend: {} } })).status).toBe(400);
    const older = { positive: [3], negative: [7], strategy: 'best_score', limit: 2 };
    expect((await service.call('POST', `${path}/points/recommend`, older)).body.result).toHaveLength(2);
  });

  it('looks points up that are asked by in another collection', async () => {
    const path = await makeLine('looking');
    const other = await make('looked-into');
    await service.call('PUT', `${other}/points`, { points: [{ id: 1, vector: [4, 0] }] });
    const ask = (body: object) => service.call('POST', `${path}/points/query`, body);
    const lookup_from = { collection: 'looked-into' };
    // The point 1 of this collection is not the one that was asked by.
    expect(ids((await ask({ query: 1, lookup_from })).body.result.points)).toEqual([4, 3, 2, 1]);
    const recommend = { positive: [1] };
    expect(ids((await ask({ query: { recommend }, lookup_from })).body.result.points)).toEqual([4, 3, 2, 1]);
    expect(ids((await ask({ query: 1, lookup_from: { collection: 'looking' } })).body.result.points)).toEqual([
      2, 3, 4,
    ]);
    expect((await ask({ query: 2, lookup_from })).status).toBe(404);
    expect((await ask({ query: 1, lookup_from: { collection: 'nobody' } })).status).toBe(404);
    expect((await ask({ query: 1, lookup_from: { ...lookup_from, vector: 'x' } })).status).toBe(400);
    await make('of-another-size', 'Euclid', 3);
    expect((await ask({ query: 1, lookup_from: { collection: 'of-another-size' } })).status).toBe(400);
  });

  it('answers a batch as its queries one by one', async () => {
    const path = await makeLine('one-by-one');
    const searches = [
      ...Array.from({ length: 150 }, (_, at) => ({ query: [at / 30, 0], limit: 2 + (at % 3), offset: at % 2 })),
      { query: 2 },
      { query: [1, 0], filter: { must: { key: 'n', match: { any: [2, 3] } } } },
      { query: [1, 0], score_threshold: 1.5, with_payload: true, with_vector: true },
      { prefetch: [{ query: [1, 0] }, { query: [4, 0] }], query: { fusion: 'rrf' } },
    ];
    const batch = (await service.call('POST', `${path}/points/query/batch`, { searches })).body.result;
    const single = [];
    for (const search of searches)
      single.push((await service.call('POST', `${path}/points/query`, search)).body.result);
    expect(batch).toEqual(single);
  });

  it('fuses prefetched lists, and ranks them anew', async () => {
    const path = await makeLine('fused');
    const prefetch = [
      { query: [1, 0], limit: 2 },
      { query: [3, 0], limit: 1 },
      { query: [2, 0], limit: 1 },
    ];
    const ask = async (query: unknown) =>
      (await service.call('POST', `${path}/points/query`, { prefetch, query })).body.result.points;
    expect(await ask({ fusion: 'rrf' })).toMatchObject([
      { id: 2, score: 0.8333333 },
      { id: 1, score: 0.5 },
      { id: 3, score: 0.5 },
    ]);
    expect(ids(await ask({ fusion: 'dbsf' }))).toHaveLength(3);
    expect(ids(await ask([4, 0]))).toEqual([3, 2, 1]);
  });

  it.each([
    ['a filter that is none', { query: [1, 1], filter: { must: [{ key: 'n', match: { valeu: 1 } }] } }],
    ['an order', { query: { order_by: 'n' } }],
    ['a formula', { query: { formula: {} } }],
    ['discovery', { query: { discover: {} } }],
    ['inference', { query: { text: 'x', model: 'm' } }],
    ['another dimension', { query: [1, 2, 3] }],
    ['a limit of none', { query: [1, 1], limit: 0 }],
    ['a limit that is too large', { query: [1, 1], limit: 10_001 }],
    ['another vector', { query: [1, 1], using: 'other' }],
    ['a shard', { query: [1, 1], shard_key: 'x' }],
  ])('refuses %s', async (_what, body) => {
    await service.call('PUT', '/collections/refusing', { vectors: { size: 2, distance: 'Dot' } });
    const refused = await service.call('POST', '/collections/refusing/points/query', body);
    expect([refused.status, typeof refused.body.status.error]).toEqual([400, 'string']);
  });
});

describe('filters', () => {
  const n = (range: object) => ({ must: [{ key: 'n', range }] });

  it('leave only points that match to every way of reading', async () => {
    const path = await makeLine('filtered');
    const post = async (end: string, body: unknown) =>
      (await service.call('POST', `${path}/points${end}`, body)).body.result;
    const filter = n({ gte: 2, lt: 4 });
    expect(ids((await post('/query', { query: [0, 0], filter })).points)).toEqual([2, 3]);
    expect(ids((await post('/query', { filter })).points)).toEqual([2, 3]);
    expect(ids((await post('/query', { query: { sample: 'random' }, filter })).points).sort()).toEqual([2, 3]);
    expect(ids((await post('/query', { query: 4, filter })).points)).toEqual([3, 2]);
    expect(ids(await post('/search', { vector: [9, 0], limit: 1, filter }))).toEqual([3]);
    expect(ids(await post('/recommend', { positive: [1], limit: 9, filter }))).toEqual([2, 3]);
    const scrolled = await post('/scroll', { filter, limit: 1 });
    expect([ids(scrolled.points), scrolled.next_page_offset]).toEqual([[2], 3]);
    expect(await post('/count', { filter })).toEqual({ count: 2 });
    expect(await post('/count', { filter: {} })).toEqual({ count: 4 });
    const prefetch = [
      { query: [1, 0], limit: 4 },
      { query: [4, 0], limit: 4, filter: n({ gt: 2 }) },
    ];
    expect(ids((await post('/query', { prefetch, query: { fusion: 'rrf' }, filter })).points).sort()).toEqual([2, 3]);
    const nested = { must: { key: 'nested.a', match: { any: [1, 4] } }, must_not: [{ has_id: [4] }] };
    expect(ids((await post('/query', { query: [0, 0], filter: nested })).points)).toEqual([1]);
  });

  it('choose the points that a change is of', async () => {
    const path = await makeLine('changed-by-filter');
    const change = async (end: string, body: unknown, method = 'POST') =>
      expect((await service.call(method, `${path}/points${end}?wait=true`, body)).body.result.status).toBe('completed');
    await change('/payload', { payload: { old: true }, filter: n({ lte: 2 }) });
    await change('/payload/delete', { keys: ['nested'], filter: n({ gte: 2 }) });
    await change('/delete', { filter: { must: { key: 'old', match: { value: true } }, must_not: n({ gt: 1 }) } });
    const { points } = (await service.call('POST', `${path}/points/scroll`, {})).body.result;
    expect(points.map(({ payload }: { payload: unknown }) => payload)).toEqual([
      { n: 2, old: true },
      { n: 3 },
      { n: 4 },
    ]);
    const operations = [{ set_payload: { payload: { n: 5 }, points: [3] } }, { delete: { filter: n({ gte: 5 }) } }];
    const batch = (await service.call('POST', `${path}/points/batch?wait=true`, { operations })).body.result;
    expect(batch).toHaveLength(2);
    expect((await service.call('POST', `${path}/points/count`, {})).body.result).toEqual({ count: 2 });
  });

  it('are refused with the path of what is wrong', async () => {
    const path = await makeLine('wrong-filter');
    const filter = { must: [{ key: 'n', range: { gte: 'abc' } }] };
    for (const [end, body] of [
      ['/query', { query: [0, 0], filter }],
      ['/scroll', { filter }],
      ['/count', { filter }],
      ['/delete', { filter }],
    ] as const) {
      const { status, body: answer } = await service.call('POST', `${path}/points${end}`, body);
      expect([status, answer.status.error]).toEqual([
        400,
        expect.stringContaining('filter.must[0].range.gte: found "abc"'),
      ]);
    }
  });
});

describe('the service', () => {
  it('says who it is and that it lives', async () => {
    const { body } = await service.call('GET', '/');
    expect(body).toEqual({ title: expect.any(String), version: '1.18.0', commit: '' });
    for (const path of ['/healthz', '/livez', '/readyz']) expect((await service.call('GET', path)).status).toBe(200);
    expect((await service.call('GET', '/cluster')).body.result).toEqual({ status: 'disabled' });
    expect((await service.call('GET', '/nowhere')).status).toBe(404);
    const { openapi, paths } = (await service.call('GET', '/openapi.json')).body;
    expect([openapi, typeof paths['/openapi.json'].get.summary]).toEqual(['3.0.3', 'string']);
    const page = await service.call('GET', '/docs');
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
  });

  it('reads a body that is too large to its end, and says so', async () => {
    const answer = await service.call('PUT', '/collections/large/points', `"${'x'.repeat(3_000_000)}"`);
    expect([answer.status, answer.body.status.error]).toEqual([413, expect.stringContaining('1000000')]);
  });

  it.each([
    ['no JSON', '{"points":'],
    ['a deep one', '['.repeat(200_000)],
    ['a deep one with long integers', `${'['.repeat(100_000)}12345678901234567890${']'.repeat(100_000)}`],
    ['bytes', Uint8Array.of(0xff, 0xfe, 0x00)],
  ])('refuses a body of %s', async (_what, body) => {
    await service.call('PUT', '/collections/large', { vectors: { size: 2, distance: 'Dot' } });
    expect((await service.call('PUT', '/collections/large/points', body)).status).toBe(400);
  });
});

describe('payload indexes', () => {
  const colours = ['red', 'green', 'blue'];

  async function makeIndexed(name: string): Promise<string> {
    const path = await make(name);
    const points = Array.from({ length: 30 }, (_, id) => ({
      id,
      vector: [id, 0],
      payload: { colour: colours[id % 3], n: 30 - id, at: `2026-03-${String(id + 1).padStart(2, '0')}T00:00:00Z` },
    }));
    await service.call('PUT', `${path}/points?wait=true`, { points });
    return path;
  }

  const index = (path: string, field_name: string, field_schema: unknown) =>
    service.call('PUT', `${path}/index?wait=true`, { field_name, field_schema });

  it('are made, described and dropped', async () => {
    const path = await makeIndexed('indexes');
    expect((await index(path, 'colour', 'keyword')).body.result.status).toBe('completed');
    await index(path, 'n', { type: 'integer', lookup: true, range: true, on_disk: true });
    await index(path, 'text', {
      type: 'text',
      tokenizer: 'prefix',
      min_token_len: 2,
      max_token_len: 9,
      lowercase: true,
    });
    const describe = async () => (await service.call('GET', path)).body.result.payload_schema;
    expect(await describe()).toEqual({
      colour: { data_type: 'keyword', points: 30 },
      n: { data_type: 'integer', points: 30 },
      text: {
        data_type: 'text',
        params: { type: 'text', tokenizer: 'prefix', min_token_len: 2, max_token_len: 9, lowercase: true },
        points: 0,
      },
    });
    const dropped = await service.call('DELETE', `${path}/index/n?wait=true`);
    expect([dropped.status, dropped.body.result.status]).toEqual([200, 'completed']);
    expect(Object.keys(await describe())).toEqual(['colour', 'text']);
    const read = await service.call('POST', `${path}/points/count`, {
      filter: { must: { key: 'n', range: { gt: 20 } } },
    });
    expect(read.body.result.count).toBe(10);
  });

  it.each([
    ['no schema', { field_name: 'a' }, 'missing field `field_schema`'],
    ['no name', { field_schema: 'keyword' }, 'missing field `field_name`'],
    ['an unknown type', { field_name: 'a', field_schema: 'words' }, 'expected keyword, integer'],
    ['a path that is none', { field_name: 'a[', field_schema: 'keyword' }, 'a['],
    ['stop words', { field_name: 'a', field_schema: { type: 'text', stopwords: 'english' } }, 'stopwords'],
    ['a stemmer', { field_name: 'a', field_schema: { type: 'text', stemmer: { type: 'snowball' } } }, 'stemmer'],
    ['an unknown tokenizer', { field_name: 'a', field_schema: { type: 'text', tokenizer: 'multilingual' } }, 'word'],
  ])('are refused with %s', async (_what, body, error) => {
    const path = '/collections/refusing';
    await service.call('PUT', path, { vectors: { size: 2, distance: 'Euclid' } });
    const refused = await service.call('PUT', `${path}/index?wait=true`, body);
    expect(refused.status).toBe(400);
    expect(refused.body.status.error).toContain(error);
  });

  it('answer facets', async () => {
    const path = await makeIndexed('facets');
    const facet = (body: unknown) => service.call('POST', `${path}/facet`, body);
    expect((await facet({ key: 'colour' })).status).toBe(400);
    await index(path, 'colour', 'keyword');
    const filter = { must: { key: 'n', range: { lte: 2 } } };
    expect((await facet({ key: 'colour', limit: 2, exact: true })).body.result.hits).toEqual([
      { value: 'blue', count: 10 },
      { value: 'green', count: 10 },
    ]);
    expect((await facet({ key: 'colour', filter })).body.result.hits).toEqual([
      { value: 'blue', count: 1 },
      { value: 'green', count: 1 },
    ]);
  });

  it('order scrolls and queries', async () => {
    const path = await makeIndexed('ordered');
    const scroll = (order_by: unknown, rest = {}) =>
      service.call('POST', `${path}/points/scroll`, { order_by, ...rest });
    const unindexed = await scroll('n');
    expect([unindexed.status, unindexed.body.status.error]).toEqual([400, expect.stringContaining('has no index')]);
    await index(path, 'n', 'integer');
    await index(path, 'at', 'datetime');
    const { result } = (await scroll({ key: 'n', direction: 'desc', start_from: 28 }, { limit: 2 })).body;
    expect(result).toMatchObject({
      points: [
        { id: 2, order_value: 28 },
        { id: 3, order_value: 27 },
      ],
      next_page_offset: null,
    });
    const dated = (await scroll({ key: 'at', start_from: '2026-03-29T12:00:00Z' })).body.result.points;
    expect(ids(dated)).toEqual([29]);
    expect((await scroll('n', { offset: 3 })).status).toBe(400);
    const query = await service.call('POST', `${path}/points/query`, {
      prefetch: [{ query: [20, 0], limit: 3 }],
      query: { order_by: { key: 'n' } },
    });
    expect(query.body.result.points).toMatchObject([
      { id: 21, score: 0, order_value: 9 },
      { id: 20, order_value: 10 },
      { id: 19, order_value: 11 },
    ]);
  });

  it('are not needed for groups', async () => {
    const path = await makeIndexed('grouped');
    const frame = { limit: 2, group_size: 2, group_by: 'colour', with_payload: ['n'] };
    const expected = [
      {
        id: 'red',
        hits: [
          { id: 0, score: 0, payload: { n: 30 } },
          { id: 3, score: 3 },
        ],
      },
      { id: 'green', hits: [{ id: 1 }, { id: 4 }] },
    ];
    const queried = await service.call('POST', `${path}/points/query/groups`, { query: [0, 0], ...frame });
    expect(queried.body.result.groups).toMatchObject(expected);
    const searched = await service.call('POST', `${path}/points/search/groups`, { vector: [0, 0], ...frame });
    expect(searched.body.result.groups).toMatchObject(expected);
    const recommended = await service.call('POST', `${path}/points/recommend/groups`, { positive: [0], ...frame });
    expect(recommended.body.result.groups[0]).toMatchObject({ id: 'green', hits: [{ id: 1 }, { id: 4 }] });
    const lookup = { query: [0, 0], ...frame, with_lookup: 'other' };
    expect((await service.call('POST', `${path}/points/query/groups`, lookup)).status).toBe(400);
  });
});
