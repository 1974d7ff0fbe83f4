// Search results, retrieve and scroll, on one small store.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../test/vector-files.js';
import { NO_ROW } from '../limits.js';
import type { MetaEffect } from '../meta/meta-batch.js';
import type { MetaSnapshot } from '../meta/meta-snapshot.js';
import { type MetaStore, openMetaStore } from '../meta/meta-store.js';
import { encodePayload } from '../payload/payload-codec.js';
import { parseSelection } from '../payload/payload-selection.js';
import type { PointId } from '../payload/point.js';
import { floatToHalf } from '../source/half.js';
import type { VectorReader } from './assemble.js';
import { hydrate } from './hydrate.js';
import { retrieve } from './retrieve.js';
import { scroll, scrollPage } from './scroll.js';

const folder = temporaryFolder();
const uuid = '550e8400-e29b-41d4-a716-446655440000';
const all = { payload: parseSelection(true) };
const none = { payload: parseSelection(false) };

let store: MetaStore;
let meta: MetaSnapshot;

// Ids 1, 10, 100, a UUID and a string in rows 4 to 0: the order of rows is not that of ids.
beforeAll(async () => {
  store = openMetaStore(folder.file('store'), { reserveBytes: 0, mapBytes: 2 ** 24 });
  const ids: PointId[] = ['text', uuid, 100n, 10n, 1n];
  const ops = ids.map((id, row): MetaEffect => {
    const payload = row === 0 ? null : encodePayload({ row, nested: { a: 1, b: 2 } });
    return { kind: 'put', id, row, dead: null, payload };
  });
  await store.apply([{ seq: 3, ops }]);
  meta = store.snapshot();
});

afterAll(() => store.close());

/** The vector of row r is [r, r + 1]; row 9 is in none. */
function reader(element: 'f32' | 'f16' | 'u8', calls: number[][] = []): VectorReader {
  return {
    dim: 2,
    element,
    async fetch(rows) {
      calls.push([...rows]);
      expect(this.element).toBe(element);
      const values = [...rows].flatMap((row) => [row, row + 1]);
      const data = {
        f32: () => Float32Array.from(values),
        f16: () => Uint16Array.from(values, floatToHalf),
        u8: () => Uint8Array.from(values),
      };
      const { buffer } = data[element]();
      return { found: Uint8Array.from(rows, (row) => (row === 9 ? 0 : 1)), vectors: new Uint8Array(buffer) };
    },
  };
}

describe('search results', () => {
  const hits = {
    rows: Uint32Array.of(3, 1, NO_ROW, 1, 0, 2),
    distances: Float32Array.of(0.5, 0.75, Number.POSITIVE_INFINITY, 1, 2, 3),
  };

  it('become the points of each query, nearest first, without the padding', async () => {
    expect(await hydrate(meta, hits, 3, { payload: parseSelection(['row']) })).toEqual([
      [
        { id: 10n, version: 3, payload: { row: 3 }, distance: 0.5 },
        { id: uuid, version: 3, payload: { row: 1 }, distance: 0.75 },
      ],
      [
        { id: uuid, version: 3, payload: { row: 1 }, distance: 1 },
        { id: 'text', version: 3, payload: null, distance: 2 },
        { id: 100n, version: 3, payload: { row: 2 }, distance: 3 },
      ],
    ]);
  });

  it('carry neither payloads nor vectors unless asked', async () => {
    const [[first] = []] = await hydrate(meta, hits, 3, none);
    expect(first).toEqual({ id: 10n, version: 3, distance: 0.5 });
  });

  it.each([
    ['f32', Float32Array.of(3, 4)],
    ['f16', Float32Array.of(3, 4)],
    ['u8', Uint8Array.of(3, 4)],
  ] as const)('carry vectors of %s, all read at once', async (element, vector) => {
    const calls: number[][] = [];
    const options = { ...none, vectors: reader(element, calls), prefetch: true };
    const [[first] = [], [second] = []] = await hydrate(meta, hits, 3, options);
    expect(first?.vector).toEqual(vector);
    expect([...(second?.vector ?? [])]).toEqual([1, 2]);
    expect(calls).toEqual([[3, 1, 0, 2]]);
  });

  it('may be none', async () => {
    const rows = new Uint32Array(4).fill(NO_ROW);
    const calls: number[][] = [];
    const options = { ...all, vectors: reader('u8', calls), prefetch: true };
    expect(await hydrate(meta, { rows, distances: new Float32Array(4) }, 2, options)).toEqual([[], []]);
    expect(calls).toEqual([]);
  });

  it('without their point, or without their vector, are an error', async () => {
    const one = { rows: Uint32Array.of(9), distances: new Float32Array(1) };
    const code = { code: 'CORRUPT', message: expect.stringContaining('row 9') };
    await expect(hydrate(meta, one, 1, all)).rejects.toMatchObject(code);
    await expect(hydrate(meta, one, 1, { ...all, vectors: reader('u8') })).rejects.toMatchObject(code);
    const refusing = { ...reader('u8'), fetch: () => Promise.reject(new Error('closed')) };
    await expect(hydrate(meta, { ...one, rows: Uint32Array.of(1) }, 1, { ...all, vectors: refusing })).rejects.toThrow(
      'closed',
    );
  });
});

describe('retrieve', () => {
  it('gives points in the order of the ids, without those that are missing', async () => {
    const points = await retrieve(meta, [10n, 5n, 'text', 10n], { ...all, vectors: reader('u8') });
    expect(points).toEqual([
      { id: 10n, version: 3, payload: { row: 3, nested: { a: 1, b: 2 } }, vector: Uint8Array.of(3, 4) },
      { id: 'text', version: 3, payload: null, vector: Uint8Array.of(0, 1) },
      { id: 10n, version: 3, payload: { row: 3, nested: { a: 1, b: 2 } }, vector: Uint8Array.of(3, 4) },
    ]);
    expect(await retrieve(meta, [], all)).toEqual([]);
  });
});

describe('a page of a scroll', () => {
  it.each<[PointId | undefined, number, PointId[], PointId | null]>([
    [undefined, 2, [1n, 10n], 100n],
    [100n, 2, [100n, uuid], 'text'],
    ['text', 2, ['text'], null],
    [undefined, 5, [1n, 10n, 100n, uuid, 'text'], null],
    [11n, 1, [100n], uuid],
    ['zzz', 5, [], null],
  ])('from %s on, up to %i points', async (start, limit, ids, next) => {
    const page = await scrollPage(meta, start, limit, none);
    expect({ ids: page.points.map(({ id }) => id), next: page.next }).toEqual({ ids, next });
  });
});

describe('a scroll', () => {
  it('gives all points, with a view of its own for every page', async () => {
    let views = 0;
    let held = 0;
    const acquire = () => {
      views += 1;
      held += 1;
      const snapshot = store.snapshot();
      const release = (): void => {
        held -= 1;
        snapshot.release();
      };
      return { meta: snapshot, vectors: { vectors: reader('u8') }, release };
    };
    const ids: PointId[] = [];
    for await (const point of scroll(acquire, { ...none, pagePoints: 2, withVectors: true })) {
      expect(held).toBe(0);
      expect(point.vector).toHaveLength(2);
      ids.push(point.id);
    }
    expect(ids).toEqual([1n, 10n, 100n, uuid, 'text']);
    expect(views).toBe(3);
  });

  it('starts where it is told to, without vectors unless asked', async () => {
    const points = [];
    const acquire = () => ({ meta, vectors: { vectors: reader('u8') }, release: () => undefined });
    for await (const point of scroll(acquire, { ...none, start: uuid, prefetch: true })) points.push(point);
    expect(points).toEqual([
      { id: uuid, version: 3 },
      { id: 'text', version: 3 },
    ]);
  });

  it('sees writes to ids that are still to come, and no point twice', async () => {
    const own = openMetaStore(folder.file('moving'), { reserveBytes: 0, mapBytes: 2 ** 24 });
    const put = (id: bigint, row: number, dead: number | null): MetaEffect => ({
      kind: 'put',
      id,
      row,
      dead,
      payload: null,
    });
    await own.apply([{ seq: 1, ops: [1n, 2n, 3n, 4n].map((id, row) => put(id, row, null)) }]);
    const acquire = () => {
      const snapshot = own.snapshot();
      return { meta: snapshot, release: () => snapshot.release() };
    };
    const seen: [PointId, number][] = [];
    for await (const { id, version } of scroll(acquire, { ...none, pagePoints: 2 })) {
      seen.push([id, version]);
      if (id === 2n) await own.apply([{ seq: 2, ops: [put(1n, 4, 0), put(3n, 5, 2), put(5n, 6, null)] }]);
    }
    expect(seen).toEqual([
      [1n, 1],
      [2n, 1],
      [3n, 2],
      [4n, 1],
      [5n, 2],
    ]);
    await own.close();
  });

  it('ends early when it is told to', async () => {
    const controller = new AbortController();
    const acquire = () => ({ meta, release: () => undefined });
    const points = scroll(acquire, { ...none, pagePoints: 1, signal: controller.signal });
    await points.next();
    controller.abort();
    await expect(points.next()).rejects.toMatchObject({ code: 'ABORTED' });
  });
});
