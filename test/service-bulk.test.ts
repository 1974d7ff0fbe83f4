// Many points at once: large bodies of JSON, which a thread reads, and typed rows. What comes of them is what comes of
// small bodies; what is wrong in them is refused whole.
import { crc32 } from 'node:zlib';
import { Packr } from 'msgpackr';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, type ServiceProcess, startServiceProcess } from './service-process.js';
import { temporaryFolder } from './vector-files.js';

const folder = temporaryFolder();
const DIM = 16;
let service: ServiceProcess;

beforeAll(async () => {
  service = await startServiceProcess(folder.file('data'));
});
afterAll(() => service.stop('SIGKILL'));

interface Written {
  id: number | string;
  vector: number[];
  payload?: Record<string, unknown>;
}

function pointsOf(count: number): Written[] {
  return Array.from({ length: count }, (_, at) => ({
    id: at % 7 === 6 ? `550e8400-e29b-41d4-a716-${String(at).padStart(12, '0')}` : at,
    vector: Array.from({ length: DIM }, (_value, axis) => Math.fround(Math.sin(at * DIM + axis))),
    ...(at % 3 === 0 ? {} : { payload: { n: at, text: `point ${at}`, nested: { list: [at, -0.5] } } }),
  }));
}

async function make(name: string, vectors: object = { size: DIM, distance: 'Cosine' }): Promise<string> {
  expect((await service.call('PUT', `/collections/${name}`, { vectors })).status).toBe(200);
  return `/collections/${name}`;
}

async function all(path: string): Promise<Written[]> {
  const body = { limit: 10_000, with_vector: true };
  return (await service.call('POST', `${path}/points/scroll`, body)).body.result.points;
}

function binary(
  points: readonly Written[],
  element = 0,
  vector = (values: number[]) => Float32Array.from(values),
): Buffer {
  const packr = new Packr({ useRecords: false });
  const numbers = points.every(({ id }) => typeof id === 'number');
  const ids = points.map(({ id }) => {
    const bytes = Buffer.alloc(8);
    if (numbers) bytes.writeBigUInt64LE(BigInt(id));
    return numbers ? bytes : Buffer.from(String(id).replaceAll('-', ''), 'hex');
  });
  const payloads = points.map(({ payload }) => (payload === undefined ? Buffer.alloc(0) : packr.pack(payload)));
  const lengths = Buffer.from(Uint32Array.from(payloads, ({ length }) => length).buffer);
  const vectors = points.map(({ vector: values }) => Buffer.from(vector(values).buffer));
  const body = Buffer.concat([...ids, ...vectors, lengths, ...payloads]);
  const head = Buffer.alloc(32);
  head.write('vmpoints');
  head.set([1, 0, element, numbers ? 0 : 1, 1, 0], 8);
  head.writeUInt32LE(points.length, 16);
  head.writeUInt32LE(points[0]?.vector.length ?? 0, 20);
  head.writeUInt32LE(crc32(body), 24);
  return Buffer.concat([head, body]);
}

/** Floats and whole numbers as ids, and nothing else. */
function columns(points: readonly Written[]): Buffer {
  const ids = Buffer.from(BigUint64Array.from(points, ({ id }) => BigInt(id)).buffer);
  const vectors = Buffer.from(Float32Array.from(points.flatMap(({ vector }) => vector)).buffer);
  const body = Buffer.concat([ids, vectors]);
  const head = Buffer.alloc(32);
  head.write('vmpoints');
  head.writeUInt16LE(1, 8);
  head.writeUInt32LE(points.length, 16);
  head.writeUInt32LE(DIM, 20);
  head.writeUInt32LE(crc32(body), 24);
  return Buffer.concat([head, body]);
}

function send(name: string, bytes: Uint8Array, query = ''): Promise<Answer> {
  const type = { 'content-type': 'application/octet-stream' };
  return service.call('POST', `/vamana/collections/${name}/points${query}`, bytes, type);
}

describe('a large body', () => {
  const points = pointsOf(2000);

  it('comes to what small ones come to', async () => {
    const [small, large, columns] = [await make('small'), await make('large'), await make('columns')];
    for (let at = 0; at < points.length; at += 100) {
      await service.call('PUT', `${small}/points`, { points: points.slice(at, at + 100) });
    }
    const written = await service.call('PUT', `${large}/points?wait=true`, { points });
    expect([written.status, written.body.result.status]).toEqual([200, 'completed']);
    expect(written.body.result.operation_id).toBeGreaterThan(1);
    const batch = {
      ids: points.map(({ id }) => id),
      vectors: points.map(({ vector }) => vector),
      payloads: points.map(({ payload }) => payload ?? null),
    };
    expect((await service.call('PUT', `${columns}/points`, { batch })).status).toBe(200);
    const expected = await all(small);
    expect(expected).toHaveLength(points.length);
    const unversioned = (found: object[]) => found.map((point) => ({ ...point, version: 0 }));
    expect(unversioned(await all(large))).toEqual(unversioned(expected));
    expect(unversioned(await all(columns))).toEqual(unversioned(expected));
  });

  it('has operations in their order', async () => {
    const path = await make('ordered');
    const moved = points.map(({ id, vector }) => ({ id, vector: vector.map((value) => -value) }));
    const operations = [
      { upsert: { points } },
      { set_payload: { payload: { set: true }, filter: { must: { key: 'n', match: { value: 4 } } } } },
      { delete: { points: [0, 1, 2] } },
      { update_vectors: { points: moved } },
      { upsert: { points: [{ ...(points[1] as Written), payload: { last: true } }] } },
    ];
    const { status, body } = await service.call('POST', `${path}/points/batch`, { operations });
    expect([status, body.result?.length]).toEqual([200, 5]);
    const found = new Map((await all(path)).map((point) => [point.id, point]));
    expect(found.size).toBe(points.length - 2);
    expect(found.get(1)?.payload).toEqual({ last: true });
    expect(found.get(4)?.payload).toMatchObject({ n: 4, set: true });
    expect((found.get(4)?.vector[0] as number) * (points[4]?.vector[0] as number)).toBeLessThan(0);
  });

  it.each([
    ['no JSON', () => `{"points":[${'1,'.repeat(100_000)}`, 'JSON'],
    ['a number that is none', () => replaced(1999, { vector: [...Array(15).fill(0), 'x'] }), 'point 1999: position 15'],
    ['another dimension', () => replaced(1500, { vector: [1] }), 'point 1500'],
    ['an id that is none', () => replaced(1000, { id: -1 }), 'point id'],
    ['a payload that is none', () => replaced(10, { payload: 7 }), 'points[10].payload'],
  ])('of %s writes nothing', async (_what, body, message) => {
    await service.call('PUT', '/collections/untouched', { vectors: { size: DIM, distance: 'Dot' } });
    const { status, body: answer } = await service.call('PUT', '/collections/untouched/points', body());
    expect([status, answer.status.error]).toEqual([400, expect.stringContaining(message)]);
    expect(await all('/collections/untouched')).toEqual([]);
  });

  function replaced(at: number, change: object): string {
    return JSON.stringify({ points: points.map((point, place) => (place === at ? { ...point, ...change } : point)) });
  }
});

describe('typed rows', () => {
  it.each([
    ['few', 5],
    ['many', 3000],
  ])('are what JSON of the same points is: %s', async (name, count) => {
    const points = pointsOf(count).map((point, at) => ({ ...point, id: at }));
    const [typed, json] = [`typed-${name}`, await make(`json-${name}`)];
    await make(typed);
    const { status, body } = await send(typed, binary(points));
    expect([status, body.result?.status]).toEqual([200, 'completed']);
    await service.call('PUT', `${json}/points`, { points });
    const unversioned = (found: object[]) => found.map((point) => ({ ...point, version: 0 }));
    expect(unversioned(await all(`/collections/${typed}`))).toEqual(unversioned(await all(json)));
  });

  it.each(['Euclid', 'Cosine'])('without payloads are what JSON of the same points is: %s', async (distance) => {
    const points = pointsOf(2500).map(({ vector }, id) => ({ id, vector }));
    const names = [`columns-${distance}`, `objects-${distance}`] as const;
    for (const name of names) await make(name, { size: DIM, distance });
    const bytes = columns(points);
    expect((await send(names[0], bytes)).body.result.status).toBe('completed');
    await service.call('PUT', `/collections/${names[1]}/points`, { points });
    const [typed, json] = [await all(`/collections/${names[0]}`), await all(`/collections/${names[1]}`)];
    expect(typed).toHaveLength(points.length);
    expect(typed).toEqual(json);
    const wrong = columns(points.map((point) => (point.id === 7 ? { ...point, vector: Array(DIM).fill(NaN) } : point)));
    const refused = await send(names[0], wrong);
    expect([refused.status, refused.body.status.error]).toEqual([400, expect.stringContaining('point 7: position 0')]);
  });

  it.each(['Euclid', 'Cosine'])('may be of one vector of several: %s', async (distance) => {
    const points = pointsOf(300).map(({ vector }, id) => ({ id, vector }));
    const names = [`named-columns-${distance}`, `named-objects-${distance}`] as const;
    for (const name of names) await make(name, { a: { size: 2, distance: 'Dot' }, b: { size: DIM, distance } });
    expect((await send(names[0], columns(points), '?using=b')).body.result?.status).toBe('completed');
    const named = points.map(({ id, vector }) => ({ id, vector: { b: vector } }));
    await service.call('PUT', `/collections/${names[1]}/points`, { points: named });
    const [typed, json] = [await all(`/collections/${names[0]}`), await all(`/collections/${names[1]}`)];
    expect(typed).toHaveLength(points.length);
    expect(typed).toEqual(json);
    const [unnamed, other] = [await send(names[0], columns(points)), await send(names[0], columns(points), '?using=a')];
    expect([unnamed.status, unnamed.body.status.error]).toEqual([400, expect.stringContaining('`a` or `b`')]);
    expect([other.status, other.body.status.error]).toEqual([400, expect.stringContaining('expected 2')]);
  });

  it('may be bytes, with UUIDs', async () => {
    await make('bytes', { size: 2, distance: 'Euclid', datatype: 'uint8' });
    const points = [{ id: '550e8400-e29b-41d4-a716-446655440000', vector: [255, 7], payload: { a: 1 } }];
    expect(
      (
        await send(
          'bytes',
          binary(points, 2, (values) => Uint8Array.from(values) as never),
        )
      ).status,
    ).toBe(200);
    expect(await all('/collections/bytes')).toEqual(points);
    const signed = await send(
      'bytes',
      binary(points, 3, (values) => Int8Array.from(values) as never),
    );
    expect([signed.status, signed.body.status.error]).toEqual([400, expect.stringContaining('Int8Array')]);
  });

  it('are refused whole', async () => {
    const path = await make('typed-refused');
    const points = pointsOf(3000).map((point, at) => ({ ...point, id: at }));
    const bytes = binary(
      points.map((point) => (point.id === 2999 ? { ...point, vector: Array(DIM).fill(NaN) } : point)),
    );
    const { status, body } = await send('typed-refused', bytes);
    expect([status, body.status.error]).toEqual([400, expect.stringContaining('point 2999')]);
    bytes[40] = (bytes[40] as number) ^ 1;
    expect((await send('typed-refused', bytes)).body.status.error).toContain('CRC-32');
    expect((await send('typed-refused', Buffer.alloc(0))).status).toBe(400);
    expect(await all(path)).toEqual([]);
  });
});

describe('what is our own', () => {
  it('flushes, waited for or not', async () => {
    const path = await make('flushed');
    await service.call('PUT', `${path}/points`, { points: pointsOf(300) });
    const begun = await service.call('POST', '/vamana/collections/flushed/flush?wait=false');
    expect([begun.status, begun.body.status]).toEqual([202, 'accepted']);
    expect((await service.call('POST', '/vamana/collections/flushed/flush')).body.result).toBe(true);
    const { result } = (await service.call('GET', '/vamana/collections/flushed/status')).body;
    expect(result).toMatchObject({
      points: 300,
      freshRows: 0,
      segments: [{ rows: 300 }],
      io: { kind: expect.any(String) },
    });
  });

  it('tells what queries cost, where it is asked for', async () => {
    const query = { query: pointsOf(1)[0]?.vector, limit: 3 };
    const path = '/collections/flushed/points/query';
    expect((await service.call('POST', path, query)).body.cost).toBeUndefined();
    const { cost, result } = (await service.call('POST', `${path}?cost=true`, query)).body;
    expect(result.points).toHaveLength(3);
    expect(cost).toMatchObject({ queries: 1, reads: expect.any(Number) });
    expect(cost.codes_scored).toBeGreaterThan(0);
    expect(cost.total_us).toBeGreaterThan(0);
    const prefetched = { prefetch: [query, query], query: { fusion: 'rrf' } };
    expect((await service.call('POST', `${path}?cost=true`, prefetched)).body.cost.queries).toBe(2);
    const batch = await service.call('POST', `${path}/batch?cost=true`, { searches: [query, prefetched] });
    expect(batch.body.cost.map(({ queries }: { queries: number }) => queries)).toEqual([1, 2]);
    expect((await service.call('POST', `${path}?cost=maybe`, query)).status).toBe(400);
  });
});
