// Large bodies of routes that read: they are parsed on a thread of their own, and what comes of them is what comes of
// small ones, errors with their places included.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LARGE_JSON_BYTES } from '../src/http/route.js';
import { type ServiceProcess, startServiceProcess } from './service-process.js';
import { temporaryFolder } from './vector-files.js';

const DIM = 32;
const COUNT = 400;
const BIG = '18446744073709551615';
const folder = temporaryFolder();
let service: ServiceProcess;

interface Search {
  query: unknown;
  limit: number;
  [name: string]: unknown;
}

const vector = (at: number): number[] =>
  Array.from({ length: DIM }, (_, axis) => Math.sin(at * DIM + axis) + (at === axis ? 1 : 0));
const call = (end: string, body: unknown) => service.call('POST', `/collections/large/${end}`, body);
/** As it would come over the wire if it were large. */
const padded = (body: unknown, text = JSON.stringify(body)): string => text + ' '.repeat(LARGE_JSON_BYTES);

beforeAll(async () => {
  service = await startServiceProcess(folder.file('data'), { VAMANA__LIMITS__JSON_VALUES: '20000' });
  await service.call('PUT', '/collections/large', { vectors: { size: DIM, distance: 'Cosine' } });
  const points = Array.from({ length: COUNT }, (_, at) => ({ id: at, vector: vector(at), payload: { n: at } }));
  const last = `{"points":[{"id":${BIG},"vector":${JSON.stringify(vector(COUNT))},"payload":{"n":${BIG}}}]}`;
  for (const body of [{ points }, last]) {
    expect((await service.call('PUT', '/collections/large/points?wait=true', body)).status).toBe(200);
  }
});
afterAll(() => service.stop('SIGKILL'));

describe('a large body of a query', () => {
  it('is answered as the queries of it, of every form', async () => {
    const searches = Array.from({ length: COUNT }, (_, at): Search => {
      const query = vector(at);
      if (at % 5 === 1) return { query: { nearest: query }, limit: 3 };
      if (at % 5 === 2)
        return { query: { recommend: { positive: [query, at], negative: [vector(at + 1)] } }, limit: 3 };
      if (at % 5 === 3) return { prefetch: [{ query }, { query: vector(at + 2) }], query: { fusion: 'rrf' }, limit: 3 };
      const filter = { must: [{ has_id: [at, at + 1, at + 2] }, { key: 'n', range: { gte: at } }] };
      return at % 5 === 4 ? { query, filter, limit: 3 } : { query, limit: 3 };
    });
    expect(JSON.stringify({ searches }).length).toBeGreaterThan(LARGE_JSON_BYTES);
    const { status, body } = await call('points/query/batch', { searches });
    expect(status).toBe(200);
    for (const at of [0, 1, 2, 3, 4, 5, 198, 199, 398, 399]) {
      const alone = await call('points/query', searches[at]);
      expect(body.result[at]).toEqual(alone.body.result);
    }
  });

  it('is as exact with whole numbers', async () => {
    const filter = `{"must":[{"has_id":[${BIG}]}]}`;
    const text = `{"query":${JSON.stringify(vector(3))},"with_payload":true,"filter":${filter}}`;
    const small = await call('points/query', text);
    const large = await call('points/query', padded(null, text));
    expect(large.text.replace(/"time":[^,}]*/, '')).toBe(small.text.replace(/"time":[^,}]*/, ''));
    expect(large.text).toContain(`"id":${BIG}`);
    expect(large.text).toContain(`"n":${BIG}`);
  });

  it('is refused as a small one, with the place', async () => {
    const wrong: unknown[] = [
      { query: [...vector(0), 1] },
      { query: vector(0).slice(1) },
      { query: [...vector(0).slice(1), 'x'] },
      { query: vector(0), limit: -1 },
      { query: vector(0), filter: { must: [{ key: 7 }] } },
      { query: { nearest: vector(0), mmr: {} } },
      { query: { recommend: { positive: [[1, 2]] } } },
      { query: { order_by: vector(0) } },
      { vector: vector(0) },
      [],
      'text',
    ];
    for (const body of wrong) {
      const small = await call('points/query', JSON.stringify(body));
      const large = await call('points/query', padded(body));
      expect([large.status, large.body.status]).toEqual([small.status, small.body.status]);
    }
    const broken = await call('points/query', padded(null, '{"query":[1,'));
    expect([broken.status, broken.body.status.error]).toEqual([400, expect.stringContaining('JSON')]);
    const search = await call('points/search', padded({ vector: vector(7), limit: 2 }));
    expect(search.body.result[0].id).toBe(7);
  });
});

describe('a large body of another route', () => {
  it('is read as a small one', async () => {
    const ids = [...Array(COUNT).keys()];
    const filter = { must: [{ has_id: ids.slice(10, 30) }] };
    for (const [end, body] of [
      ['points', { ids }],
      ['points/scroll', { filter, limit: 50 }],
      ['points/count', { filter }],
      ['points/query/groups', { query: vector(1), group_by: 'n', limit: 2 }],
      ['points/recommend', { positive: [1, 2], negative: [3], limit: 4 }],
    ] as const) {
      const [small, large] = [await call(end, body), await call(end, padded(body))];
      expect([large.status, large.body.result]).toEqual([200, small.body.result]);
    }
  });

  it('is refused where it is nested too deeply', async () => {
    for (const depth of [2000, 9000, 100_000]) {
      const deep = `${'['.repeat(depth)}${']'.repeat(depth)}`;
      for (const text of [`{"ids":${deep}}`, `{"query":${JSON.stringify(vector(0))},"filter":${deep}}`]) {
        const { status, body } = await call('points', padded(null, text));
        expect([status, body.status.error]).toEqual([400, expect.stringContaining('nested too deeply')]);
      }
      const payload = `{"payload":{"a":${deep}},"points":[1]}`;
      expect((await call('points/payload', padded(null, payload))).status).toBe(400);
    }
  });

  it('holds only so many values beside vectors', async () => {
    const ids = Array.from({ length: 60_000 }, (_, at) => at + 1_000_000);
    const { status, body } = await call('points/count', { filter: { must: [{ has_id: ids }] } });
    expect([status, body.status.error]).toEqual([400, expect.stringContaining('more than 20000 values')]);
  });
});
