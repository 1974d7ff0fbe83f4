// The store as the addon gives it: every method of every handle, open, closed and with bad arguments.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RoaringBitmap32 } from '../src/bitmap.js';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { loadNative, type NativeSearchParams, type NativeStore, type NativeStoreOptions } from '../src/binding.js';

const native = loadNative();
const dim = 8;
const params: NativeSearchParams = { k: 5, listSize: 40, rerank: 0, exact: false, approximate: false, costs: false };
const options: NativeStoreOptions = {
  dim,
  element: 'f32',
  metric: 'l2',
  io: 'auto',
  threads: 1,
  inFlight: 0,
  cacheBytes: 1 << 20,
  queueRequests: 64,
  delta: { degree: 16, buildList: 40, alpha: 1.2 },
};
const build = {
  degree: 16,
  buildList: 40,
  alpha: 1.2,
  code: 'pq',
  codeBytes: 8,
  memoryLimit: 0,
  threads: 1,
  seed: 1,
} as const;

/** Vector of a row: its number in every coordinate, so that near numbers are near. */
function vectorsOf(rows: readonly number[]): Uint8Array {
  return new Uint8Array(new Float32Array(rows.flatMap((row) => Array<number>(dim).fill(row))).buffer);
}

function range(first: number, end: number): number[] {
  return Array.from({ length: end - first }, (_, i) => first + i);
}

async function codeOf(call: () => unknown): Promise<unknown> {
  try {
    await call();
  } catch (error) {
    return error instanceof Error && 'code' in error ? error.code : error;
  }
  return 'no error';
}

let folder = '';
let stores: NativeStore[] = [];
function createStore(changed: Partial<NativeStoreOptions> = {}): NativeStore {
  const store = native.createStore({ ...options, ...changed });
  stores.push(store);
  return store;
}
let folders = 0;
const freshDir = () => join(folder, `segment-${folders++}`);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vamana-test-'));
});
afterEach(async () => {
  await Promise.all(stores.map((store) => store.close()));
  stores = [];
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function builtSegment(store: NativeStore, rows: number[], dir: string) {
  const delta = store.createDelta();
  delta.append(Uint32Array.from(rows), vectorsOf(rows));
  const snapshot = store.createSnapshot({ segments: [], deltas: [delta], dead: new Uint32Array() });
  await store.buildSegment({ segments: [], deltas: [delta] }, snapshot, { ...build, dir }, null, null);
  snapshot.close();
  delta.close();
  return store.openSegment(dir);
}

describe('createStore', () => {
  it.each([
    ['dim', 0],
    ['element', 'f64'],
    ['metric', 'hamming'],
    ['io', 'fast'],
    ['threads', 0],
    ['inFlight', 1000],
    ['cacheBytes', -1],
    ['queueRequests', 1.5],
    ['delta', null],
    ['delta', { degree: 3, buildList: 40, alpha: 1.2 }],
    ['delta', { degree: 16, buildList: 8, alpha: 1.2 }],
    ['delta', { degree: 16, buildList: 40, alpha: 0.5 }],
  ])('refuses %s %j', async (key, value) => {
    expect(await codeOf(() => native.createStore({ ...options, [key]: value } as NativeStoreOptions))).toBe(
      'INVALID_ARGUMENT',
    );
  });

  it('tells its figures', () => {
    const store = createStore();
    expect(store.stats()).toMatchObject({
      threads: 1,
      cache: { capacityBytes: 1 << 20, hits: 0, misses: 0 },
      memory: { graph: 0, codes: 0, deltas: 0, mapped: 0 },
    });
    const delta = store.createDelta();
    expect(store.stats().memory.deltas).toBe(delta.stats().bytes);
  });
});

describe('delta', () => {
  it('appends, links and freezes', async () => {
    const delta = createStore().createDelta();
    expect(delta.stats()).toMatchObject({ rows: 0, linked: 0, frozen: false });
    const rows = range(10, 2010);
    delta.append(Uint32Array.from(rows), vectorsOf(rows));
    await delta.linked(null);
    expect(delta.stats()).toMatchObject({ rows: 2000, linked: 2000, frozen: false });
    delta.freeze();
    delta.freeze();
    expect(delta.stats().frozen).toBe(true);
    expect(await codeOf(() => delta.append(Uint32Array.of(5000), vectorsOf([1])))).toBe('INVALID_ARGUMENT');
  });

  it.each<[string, unknown, unknown, string]>([
    ['rows that descend', Uint32Array.of(5, 4), vectorsOf([1, 2]), 'INVALID_ARGUMENT'],
    ['rows that are not above the last', Uint32Array.of(3), vectorsOf([1]), 'INVALID_ARGUMENT'],
    ['too few bytes', Uint32Array.of(7), new Uint8Array(dim), 'INVALID_ARGUMENT'],
    ['rows of another type', [7], vectorsOf([1]), 'INVALID_ARGUMENT'],
    ['vectors of another type', Uint32Array.of(7), new Float32Array(dim), 'INVALID_ARGUMENT'],
    ['what is not finite', Uint32Array.of(7), vectorsOf([Number.NaN]), 'NOT_FINITE'],
  ])('refuses %s and keeps what it has', async (_, rows, vectors, code) => {
    const delta = createStore().createDelta();
    delta.append(Uint32Array.of(3), vectorsOf([3]));
    expect(await codeOf(() => delta.append(rows as Uint32Array, vectors as Uint8Array))).toBe(code);
    expect(delta.stats().rows).toBe(1);
  });

  it('answers CLOSED when closed', async () => {
    const delta = createStore().createDelta();
    delta.close();
    delta.close();
    expect(await codeOf(() => delta.append(Uint32Array.of(1), vectorsOf([1])))).toBe('CLOSED');
    expect(await codeOf(() => delta.freeze())).toBe('CLOSED');
    expect(await codeOf(() => delta.stats())).toBe('CLOSED');
    expect(await codeOf(() => delta.linked(null))).toBe('CLOSED');
  });

  it('refuses a cancel that is none', async () => {
    const delta = createStore().createDelta();
    expect(await codeOf(() => delta.linked({ cancel: () => undefined }))).toBe('INVALID_ARGUMENT');
  });
});

describe('segment', () => {
  it('is built from a delta with its rows, and opened', async () => {
    const store = createStore();
    const segment = await builtSegment(store, [7, 9, 100, 101], freshDir());
    expect(segment.rows).toEqual({ count: 4, first: 7, last: 101 });
    expect(segment.info).toMatchObject({ rows: 4, dim, element: 'f32', metric: 'l2' });
    expect(store.stats().memory.graph).toBeGreaterThan(0);
    segment.close();
    segment.close();
    expect(store.stats().memory.graph).toBe(0);
  });

  it('is refused when it is of another space', async () => {
    const dir = freshDir();
    await builtSegment(createStore(), [1, 2], dir);
    expect(await codeOf(() => createStore({ metric: 'dot' }).openSegment(dir))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(() => createStore().openSegment(join(folder, 'absent')))).toBe('NOT_FOUND');
    expect(await codeOf(() => createStore().openSegment(''))).toBe('INVALID_ARGUMENT');
  });

  it('lives on in a snapshot after it was closed', async () => {
    const store = createStore();
    const segment = await builtSegment(store, range(0, 50), freshDir());
    const snapshot = store.createSnapshot({ segments: [segment], deltas: [], dead: Uint32Array.of(20) });
    segment.close();
    expect(store.stats().memory.graph).toBeGreaterThan(0);
    const found = await snapshot.search(vectorsOf([20]), 1, { ...params, k: 2 }, null);
    expect([...found.rows].sort()).toEqual([19, 21]);
    expect(await codeOf(() => snapshot.next({ segments: [segment] }))).toBe('CLOSED');
    snapshot.close();
    expect(store.stats().memory.graph).toBe(0);
  });
});

describe('snapshot', () => {
  it('sees what was there when it was made', async () => {
    const store = createStore();
    const delta = store.createDelta();
    const first = store.createSnapshot({ segments: [], deltas: [delta], dead: new Uint32Array() });
    delta.append(Uint32Array.from(range(0, 10)), vectorsOf(range(0, 10)));
    const second = first.next({});
    const third = second.next({ dead: Uint32Array.of(4, 4, 99) });
    expect([first.liveRows, second.liveRows, third.liveRows]).toEqual([0, 10, 9]);
    const query = vectorsOf([4]);
    const nearest = async (snapshot: typeof first) => {
      const { rows, distances } = await snapshot.search(query, 1, { ...params, k: 1 }, null);
      return [rows[0], distances[0]];
    };
    expect(await nearest(first)).toEqual([native.constants.noRow, Number.POSITIVE_INFINITY]);
    expect(await nearest(second)).toEqual([4, 0]);
    expect((await nearest(third))[1]).toBe(dim);
    expect(await nearest(second)).toEqual([4, 0]);
  });

  it('fetches from every part at once', async () => {
    const store = createStore();
    const segment = await builtSegment(store, range(0, 500), freshDir());
    const delta = store.createDelta();
    delta.append(Uint32Array.of(600, 700), vectorsOf([600, 700]));
    const snapshot = store.createSnapshot({ segments: [segment], deltas: [delta], dead: Uint32Array.of(3, 700) });
    const wanted = [600, 3, 499, 700, 0, 550, 499, 4294967295];
    const { found, vectors } = await snapshot.fetch(Uint32Array.from(wanted));
    expect([...found]).toEqual([1, 0, 1, 0, 1, 0, 1, 0]);
    const values = new Float32Array(vectors.buffer, vectors.byteOffset, wanted.length * dim);
    expect(wanted.map((_, i) => values[i * dim + dim - 1])).toEqual([600, 0, 499, 0, 0, 0, 499, 0]);
    expect((await snapshot.fetch(new Uint32Array())).found).toHaveLength(0);
  });

  it('replaces parts and keeps the dead', async () => {
    const store = createStore();
    const delta = store.createDelta();
    delta.append(Uint32Array.from(range(0, 100)), vectorsOf(range(0, 100)));
    delta.freeze();
    const before = store.createSnapshot({ segments: [], deltas: [delta], dead: Uint32Array.of(5) });
    const dir = freshDir();
    const stages: string[] = [];
    const report = await store.buildSegment({ segments: [], deltas: [delta] }, before, { ...build, dir }, null, (at) =>
      stages.push(at.stage),
    );
    expect(report.rows).toBe(99);
    expect(stages).toContain('write');
    // Row 6 dies while the segment is being written.
    const during = before.next({ dead: Uint32Array.of(6) });
    const after = during.next({ segments: [await store.openSegment(dir)], deltas: [store.createDelta()] });
    expect([before.liveRows, during.liveRows, after.liveRows]).toEqual([99, 98, 98]);
    const exact = await after.search(vectorsOf([5.4]), 1, { ...params, exact: true, k: 2 }, null);
    const walked = await after.search(vectorsOf([5.4]), 1, { ...params, k: 2 }, null);
    expect([...exact.rows]).toEqual([4, 7]);
    expect([...walked.rows]).toEqual([4, 7]);
  });

  it('refuses bad arguments', async () => {
    const store = createStore();
    const stranger = createStore();
    const snapshot = store.createSnapshot({ segments: [], deltas: [], dead: new Uint32Array() });
    const bad = (call: () => unknown) => expect(codeOf(call)).resolves.toBe('INVALID_ARGUMENT');
    const untyped = (value: unknown) => value as never;
    await bad(() => store.createSnapshot(untyped(null)));
    await bad(() => store.createSnapshot(untyped({ segments: [], deltas: [] })));
    await bad(() => store.createSnapshot(untyped({ segments: [{}], deltas: [], dead: new Uint32Array() })));
    await bad(() => store.createSnapshot({ segments: [], deltas: [stranger.createDelta()], dead: new Uint32Array() }));
    await bad(() => snapshot.next(untyped(7)));
    await bad(() => snapshot.next({ dead: untyped([1]) }));
    await bad(() => snapshot.next({ deltas: untyped('x') }));
    await bad(() => snapshot.next({ deltas: untyped([null]) }));
    await bad(() => snapshot.search(new Uint8Array(3), 1, params, null));
    await bad(() => snapshot.search(vectorsOf([1]), 1, { ...params, k: 0 }, null));
    await bad(() => snapshot.fetch(untyped([1])));
    const parts = { segments: [], deltas: [] };
    await bad(() => store.buildSegment(parts, snapshot, { ...build, dir: freshDir() }, null, null));
    const delta = store.createDelta();
    const one = { segments: [], deltas: [delta] };
    await bad(() => store.buildSegment(one, snapshot, { ...build, dir: freshDir() }, null, null));
    const seen = snapshot.next({ deltas: [delta] });
    await bad(() => store.buildSegment(one, seen, { ...build, dir: freshDir() }, null, null));
    await bad(() => store.buildSegment(one, untyped({}), { ...build, dir: freshDir() }, null, null));
    await bad(() => store.buildSegment(one, seen, { ...build, dir: '' }, null, null));
    const merge = { ...build, mode: 'rebuild', dir: freshDir() } as const;
    await bad(() => store.mergeSegments(one, seen, merge, null, null, null));
    await bad(() => store.mergeSegments(one, seen, { ...merge, mode: 'streaming' }, null, null, null));
    await bad(() => store.mergeSegments(one, seen, { ...merge, mode: untyped('both') }, null, null, null));
    await bad(() => store.mergeSegments(one, seen, merge, untyped({}), null, null));
    await bad(() => store.mergeSegments(one, seen, merge, null, untyped({}), null));
    await bad(() => store.mergeSegments(one, seen, merge, null, null, untyped(3)));
    await bad(() => store.planMerge(one, snapshot, merge));
    await bad(() => store.planMerge(one, seen, merge));
    await bad(() =>
      snapshot.next({
        get dead(): never {
          throw new Error('of the caller');
        },
      }),
    );
  });

  it('answers CLOSED when closed', async () => {
    const store = createStore();
    const snapshot = store.createSnapshot({ segments: [], deltas: [], dead: new Uint32Array() });
    snapshot.close();
    snapshot.close();
    expect(snapshot.liveRows).toBe(0);
    expect(await codeOf(() => snapshot.next({}))).toBe('CLOSED');
    expect(await codeOf(() => snapshot.search(vectorsOf([1]), 1, params, null))).toBe('CLOSED');
    expect(await codeOf(() => snapshot.fetch(Uint32Array.of(1)))).toBe('CLOSED');
    const parts = { segments: [], deltas: [store.createDelta()] };
    const built = () => store.buildSegment(parts, snapshot, { ...build, dir: freshDir() }, null, null);
    expect(await codeOf(built)).toBe('CLOSED');
    const merge = { ...build, mode: 'streaming', dir: freshDir() } as const;
    expect(await codeOf(() => store.planMerge(parts, snapshot, merge))).toBe('CLOSED');
    expect(await codeOf(() => store.mergeSegments(parts, snapshot, merge, null, null, null))).toBe('CLOSED');
  });
});

describe('store', () => {
  it('closes after the calls in flight, and its parts with it', async () => {
    const store = createStore();
    const delta = store.createDelta();
    delta.append(Uint32Array.from(range(0, 3000)), vectorsOf(range(0, 3000)));
    const snapshot = store.createSnapshot({ segments: [], deltas: [delta], dead: new Uint32Array() });
    const dir = freshDir();
    const written = store.buildSegment({ segments: [], deltas: [delta] }, snapshot, { ...build, dir }, null, null);
    let closed = false;
    const closing = store.close().then(() => {
      closed = true;
    });
    await written.then(() => expect(closed).toBe(false));
    await Promise.all([closing, store.close()]);
    expect(await codeOf(() => store.openSegment(dir))).toBe('CLOSED');
    expect(await codeOf(() => store.createDelta())).toBe('CLOSED');
    expect(await codeOf(() => store.createSnapshot({ segments: [], deltas: [], dead: new Uint32Array() }))).toBe(
      'CLOSED',
    );
    expect(await codeOf(() => store.stats())).toBe('CLOSED');
    const merge = { ...build, mode: 'streaming', dir } as const;
    expect(await codeOf(() => store.planMerge({ segments: [], deltas: [] }, snapshot, merge))).toBe('CLOSED');
    expect(await codeOf(() => delta.stats())).toBe('CLOSED');
    expect(await codeOf(() => snapshot.next({}))).toBe('CLOSED');
    expect(await codeOf(() => snapshot.search(vectorsOf([1]), 1, params, null))).toBe('CLOSED');
    snapshot.close();
    delta.close();
  });

  it('cancels a build, which leaves nothing', async () => {
    const store = createStore();
    const delta = store.createDelta();
    delta.append(Uint32Array.from(range(0, 2000)), vectorsOf(range(0, 2000)));
    const snapshot = store.createSnapshot({ segments: [], deltas: [delta], dead: new Uint32Array() });
    const cancel = native.createCancel();
    const dir = freshDir();
    const options = { ...build, dir };
    const written = store.buildSegment({ segments: [], deltas: [delta] }, snapshot, options, cancel, () =>
      cancel.cancel(),
    );
    expect(await codeOf(() => written)).toBe('ABORTED');
    expect(await codeOf(() => store.openSegment(dir))).toBe('NOT_FOUND');
  });

  it('makes objects of its own only', () => {
    const delta = createStore().createDelta();
    const made = new (Object.getPrototypeOf(delta).constructor as new () => typeof delta)();
    expect(() => made.stats()).toThrowError(expect.objectContaining({ code: 'CLOSED' }));
  });
});

describe('lockFile', () => {
  it('is exclusive until it is released', async () => {
    const path = join(folder, 'lock');
    const lock = native.lockFile(path);
    expect(await codeOf(() => native.lockFile(path))).toBe('LOCKED');
    lock.release();
    lock.release();
    native.lockFile(path).release();
    expect(await codeOf(() => native.lockFile(join(folder, 'absent', 'lock')))).toBe('NOT_FOUND');
    expect(await codeOf(() => native.lockFile(7 as never))).toBe('INVALID_ARGUMENT');
  });
});

describe('row filter', () => {
  const filterOf = (store: NativeStore, rows: readonly number[]) =>
    store.createRowFilter(new RoaringBitmap32(rows).serialize('portable'));

  it('leaves only its rows to a search, whatever the strategy', async () => {
    const store = createStore();
    const segment = await builtSegment(store, range(0, 600), freshDir());
    const delta = store.createDelta();
    delta.append(Uint32Array.from(range(600, 700)), vectorsOf(range(600, 700)));
    const dead = Uint32Array.of(300, 660);
    const snapshot = store.createSnapshot({ segments: [segment], deltas: [delta], dead });
    const filter = filterOf(store, [5, 290, 300, 310, 640, 660, 9999]);
    expect(filter.count).toBe(7);
    for (const strategy of ['auto', 'codes', 'walk', 'post'] as const) {
      const found = await snapshot.search(vectorsOf([302]), 1, { ...params, costs: true, filter, strategy }, null);
      expect([...found.rows]).toEqual([310, 290, 5, 640, native.constants.noRow]);
      expect(found.costs?.matches[0]).toBe(6);
      expect(found.costs?.strategies[0]).toBeGreaterThan(0);
    }
    const exact = await snapshot.search(vectorsOf([302]), 1, { ...params, exact: true, filter }, null);
    expect([...exact.rows]).toEqual([310, 290, 5, 640, native.constants.noRow]);
    const all = await snapshot.search(vectorsOf([302]), 1, { ...params, k: 1, filter: null }, null);
    expect([...all.rows]).toEqual([302]);
    expect(store.stats().memory.rows).toBeGreaterThan(0);
  });

  it('is kept by searches in flight when it is closed', async () => {
    const store = createStore();
    const segment = await builtSegment(store, range(0, 500), freshDir());
    const snapshot = store.createSnapshot({ segments: [segment], deltas: [], dead: new Uint32Array() });
    const filter = filterOf(store, [7, 8]);
    const queries = vectorsOf(range(0, 200));
    const search = snapshot.search(queries, 200, { ...params, k: 2, filter }, null);
    filter.close();
    filter.close();
    const { rows } = await search;
    expect([...new Set(rows)].sort()).toEqual([7, 8]);
    expect(await codeOf(() => snapshot.search(queries, 200, { ...params, filter }, null))).toBe('CLOSED');
  });

  it('is refused when it is none, of another store, or asked of a closed one', async () => {
    const store = createStore();
    const delta = store.createDelta();
    delta.append(Uint32Array.of(1), vectorsOf([1]));
    const snapshot = store.createSnapshot({ segments: [], deltas: [delta], dead: new Uint32Array() });
    const other = createStore();
    const search = (filter: unknown, strategy?: unknown) =>
      snapshot.search(
        vectorsOf([1]),
        1,
        { ...params, filter, ...(strategy === undefined ? {} : { strategy }) } as never,
        null,
      );
    for (const filter of [filterOf(other, [1]), {}, 5, delta]) {
      expect(await codeOf(() => search(filter))).toBe('INVALID_ARGUMENT');
    }
    const own = filterOf(store, [1]);
    expect(await codeOf(() => search(own, 'best'))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(() => search(own, 5))).toBe('INVALID_ARGUMENT');
    for (const bytes of [new Uint8Array(), new Uint8Array(8), Uint8Array.of(1, 2, 3), [1], null]) {
      expect(await codeOf(() => store.createRowFilter(bytes as never))).toBe('INVALID_ARGUMENT');
    }
    const good = new RoaringBitmap32([1, 2]).serialize('portable');
    expect(await codeOf(() => store.createRowFilter(good.subarray(0, good.length - 1)))).toBe('INVALID_ARGUMENT');
    await other.close();
    expect(await codeOf(() => other.createRowFilter(good))).toBe('CLOSED');
  });
});
