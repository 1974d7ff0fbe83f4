// Calls of the addon while they are in flight: cancelled before and midway, too many at once, told of their
// progress, closed under their feet. Slow work is made of exact searches and of builds, whose length is chosen.
import { access, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { loadNative, type NativeIndex, type NativeProgress, type NativeSearchParams } from '../src/binding.js';
import { buildSmallIndex, SMALL_DIM, SMALL_ROWS, type SmallIndex, smallBuild } from './small-index.js';

const native = loadNative();
const OPEN = { io: 'auto', threads: 1, inFlight: 0, cacheBytes: 0, queueRequests: 64 } as const;
const PARAMS: NativeSearchParams = { k: 5, listSize: 32, rerank: 0, exact: false, approximate: false, costs: false };
const EXACT: NativeSearchParams = { ...PARAMS, exact: true };
/** Exact queries over the small index that take a second or so. */
const MANY = 20_000;

let small: SmallIndex;
let number = 0;
const freshDir = (): string => join(small.folder, `fresh-${++number}`);
beforeAll(async () => {
  small = await buildSmallIndex();
});
afterAll(() => small.remove());

const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'ok',
    (error) => error.code,
  );
const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

describe('search', () => {
  let index: NativeIndex;
  beforeEach(async () => {
    index = await native.openIndex(small.dir, OPEN);
    return () => index.close();
  });
  const search = (count: number, params = EXACT, cancel = native.createCancel()): Promise<unknown> =>
    index.search(new Uint8Array(count * SMALL_DIM), count, params, cancel);

  it('is cancelled before it starts', async () => {
    const cancel = native.createCancel();
    cancel.cancel();
    expect(await codeOf(search(10, EXACT, cancel))).toBe('ABORTED');
    expect(await codeOf(search(10, PARAMS, cancel))).toBe('ABORTED');
    expect(await codeOf(search(10))).toBe('ok');
  });

  it('is cancelled midway, long before its end', async () => {
    const cancel = native.createCancel();
    const flying = codeOf(search(MANY * 50, EXACT, cancel));
    setTimeout(() => cancel.cancel(), 20);
    expect(await flying).toBe('ABORTED');
  });

  it('is cancelled with all others that share the flag, and no other', async () => {
    const shared = native.createCancel();
    const flying = [search(MANY, EXACT, shared), search(MANY, EXACT, shared), search(64)].map(codeOf);
    shared.cancel();
    expect(await Promise.all(flying)).toEqual(['ABORTED', 'ABORTED', 'ok']);
  });

  it('copies its queries before it returns', async () => {
    const queries = new Uint8Array(SMALL_DIM).fill(9);
    const before = await index.search(queries, 1, EXACT, null);
    const flying = index.search(queries, 1, EXACT, null);
    queries.fill(255);
    expect(await flying).toEqual(before);
  });

  it('settles in any number, each with its own result', async () => {
    const queries = Array.from({ length: 60 }, (_, i) => new Uint8Array(SMALL_DIM).fill(i * 4));
    const alone: unknown[] = [];
    for (const query of queries) alone.push(await index.search(query, 1, PARAMS, null));
    const together = await Promise.all(queries.map((query) => index.search(query, 1, PARAMS, null)));
    expect(together).toEqual(alone);
    const batch = await index.search(Uint8Array.from(queries.flatMap((query) => [...query])), 60, PARAMS, null);
    expect(batch.rows).toEqual(Uint32Array.from(together.flatMap((one) => [...one.rows])));
  });

  it('is refused with BUSY when the queue is full, and works again when it is not', async () => {
    const narrow = await native.openIndex(small.dir, { ...OPEN, queueRequests: 2 });
    const queries = new Uint8Array(64 * SMALL_DIM);
    const codes = await Promise.all(Array.from({ length: 40 }, () => codeOf(narrow.search(queries, 64, EXACT, null))));
    expect(codes.slice(0, 2)).toEqual(['ok', 'ok']);
    expect(codes).toContain('BUSY');
    expect(await codeOf(narrow.search(queries, 64, EXACT, null))).toBe('ok');
    await narrow.close();
  });

  it('is let finish, or refused, by close()', async () => {
    const other = await native.openIndex(small.dir, OPEN);
    const ends: string[] = [];
    const note = (promise: Promise<unknown>, name: string): Promise<unknown> =>
      promise.then(
        () => ends.push(`${name} ok`),
        (error) => ends.push(`${name} ${error.code}`),
      );
    const calls = Array.from({ length: 30 }, () =>
      note(other.search(new Uint8Array(64 * SMALL_DIM), 64, EXACT, null), 'search'),
    );
    calls.push(note(other.distancesToRows(new Uint8Array(SMALL_DIM), Uint32Array.of(1)), 'distances'));
    await note(other.close(), 'close');
    expect(ends).toHaveLength(calls.length + 1);
    expect(ends.at(-1)).toBe('close ok');
    expect(ends).toContain('distances ok');
    expect(ends.filter((end) => !/^search (ok|CLOSED)$/.test(end))).toHaveLength(2);
  });

  it('tells its costs when asked', async () => {
    const { costs } = await index.search(new Uint8Array(3 * SMALL_DIM), 3, { ...PARAMS, costs: true }, null);
    expect(Object.keys(costs ?? {})).toEqual([
      ...['hops', 'codesScored', 'vectorsScored', 'reads', 'cacheHits', 'reranked'],
      ...['matches', 'strategies', 'expectedUs'],
      ...['walkUs', 'readUs', 'rankUs', 'totalUs'],
    ]);
    for (const reranked of costs?.reranked ?? []) expect(reranked).toBeGreaterThanOrEqual(5);
    expect(costs?.reads.every((reads, at) => reads >= 1 && reads <= (costs.reranked[at] ?? 0))).toBe(true);
    expect(costs?.totalUs.every((us) => us > 0)).toBe(true);
    expect(await index.search(new Uint8Array(SMALL_DIM), 1, PARAMS, null)).not.toHaveProperty('costs');
  });

  it('pads when there are fewer rows than k', async () => {
    const { rows, distances } = await index.search(new Uint8Array(SMALL_DIM), 1, { ...EXACT, k: SMALL_ROWS + 2 }, null);
    expect([...rows.subarray(SMALL_ROWS)]).toEqual([native.constants.noRow, native.constants.noRow]);
    expect([...distances.subarray(SMALL_ROWS)]).toEqual([Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]);
    expect(new Set(rows.subarray(0, SMALL_ROWS)).size).toBe(SMALL_ROWS);
  });
});

describe('exact distances', () => {
  it('agree with an exact search and an exact scan', async () => {
    const index = await native.openIndex(small.dir, OPEN);
    const queries = Uint8Array.from({ length: 7 * SMALL_DIM }, (_, i) => (i * 37) % 150);
    const found = await index.search(queries, 7, EXACT, null);
    const kth = Uint32Array.from({ length: 7 }, (_, q) => found.rows[q * 5 + 4] ?? 0);
    const distances = await index.distancesToRows(queries, kth);
    expect([...distances]).toEqual(Array.from({ length: 7 }, (_, q) => found.distances[q * 5 + 4]));
    const repeated = await index.distancesToRows(queries.subarray(0, 2 * SMALL_DIM), Uint32Array.of(5, SMALL_ROWS));
    expect(Array.from(repeated, Number.isNaN)).toEqual([false, true]);
    await index.close();
  });
});

describe('build', () => {
  const nothingLeft = async (): Promise<void> => {
    expect((await readdir(small.folder)).filter((name) => name.startsWith('fresh-'))).toEqual([]);
  };

  it('tells every stage in order, and its counts never fall', async () => {
    const heard: NativeProgress[] = [];
    const report = await native.build(smallBuild(join(small.folder, 'heard')), null, (progress) =>
      heard.push(progress),
    );
    expect(report).toMatchObject({ rows: SMALL_ROWS, dim: SMALL_DIM, unreachable: 0 });
    expect([...new Set(heard.map(({ stage }) => stage))]).toEqual(['read', 'train', 'graph', 'reorder', 'write']);
    for (const [at, { stage, done, total }] of heard.entries()) {
      expect(done).toBeLessThanOrEqual(total);
      const before = heard[at - 1];
      if (before?.stage === stage) expect(done).toBeGreaterThanOrEqual(before.done);
    }
  });

  it('is cancelled before it starts', async () => {
    const cancel = native.createCancel();
    cancel.cancel();
    expect(await codeOf(native.build(smallBuild(freshDir()), cancel, null))).toBe('ABORTED');
    await nothingLeft();
  });

  it('is cancelled midway, and leaves nothing', async () => {
    const cancel = native.createCancel();
    const code = await codeOf(native.build(smallBuild(freshDir(), 4000), cancel, () => cancel.cancel()));
    expect(code).toBe('ABORTED');
    await nothingLeft();
  });

  it('stops when its listener throws, and rejects with what it threw', async () => {
    const thrown = new RangeError('enough');
    let calls = 0;
    const building = native.build(smallBuild(freshDir(), 4000), null, () => {
      calls += 1;
      throw thrown;
    });
    await expect(building).rejects.toBe(thrown);
    expect(calls).toBe(1);
    await expect(
      native.build(smallBuild(freshDir(), 4000), null, () => {
        throw 'plain';
      }),
    ).rejects.toBe('plain');
    await nothingLeft();
  });

  it('is refused with BUSY when too many wait', async () => {
    const cancel = native.createCancel();
    const builds = Array.from({ length: 24 }, () => native.build(smallBuild(freshDir(), 4000), cancel, null));
    cancel.cancel();
    const codes = await Promise.all(builds.map(codeOf));
    expect(codes.slice(0, 18)).not.toContain('BUSY');
    expect(codes.slice(-3)).toEqual(['BUSY', 'BUSY', 'BUSY']);
    await expect(builds.at(-1)).rejects.toThrow(/2 builds and verifications run and 16 wait/);
    await nothingLeft();
  });

  it('does not hold up opening and searching', async () => {
    const cancel = native.createCancel();
    const builds = Array.from({ length: 6 }, () => native.build(smallBuild(freshDir(), 4000), cancel, null));
    const index = await native.openIndex(small.dir, OPEN);
    expect(await codeOf(index.search(new Uint8Array(SMALL_DIM), 1, PARAMS, null))).toBe('ok');
    await index.close();
    cancel.cancel();
    expect((await Promise.all(builds.map(codeOf))).filter((code) => code !== 'ok')).toContain('ABORTED');
  });

  it('refuses a folder that stands, and says so', async () => {
    expect(await codeOf(native.build(smallBuild(small.dir), null, null))).toBe('ALREADY_EXISTS');
    expect(await codeOf(native.build(smallBuild(join(small.folder, 'no/such/parent')), null, null))).toBe('NOT_FOUND');
    expect(await exists(small.dir)).toBe(true);
  });
});

describe('verify', () => {
  it('tells its bytes, and stops when told to', async () => {
    const heard: NativeProgress[] = [];
    const report = await native.verify(small.dir, 2, null, (progress) => heard.push(progress));
    expect(report).toMatchObject({ rows: SMALL_ROWS, unreachable: 0, problems: [] });
    expect(heard.at(-1)).toEqual({ stage: 'verify', done: report.bytesChecked, total: report.bytesChecked });
    const cancel = native.createCancel();
    cancel.cancel();
    expect(await codeOf(native.verify(small.dir, 1, cancel, null))).toBe('ABORTED');
    expect(await codeOf(native.verify(freshDir(), 1, null, null))).toBe('NOT_FOUND');
  });
});

describe('exact scan', () => {
  it('takes windows one after the other, and keeps the best of all', async () => {
    const query = new Uint8Array(SMALL_DIM);
    const scan = native.createExactScan('l2', 'u8', SMALL_DIM, query, 1, 3, 2);
    const window = (value: number): Uint8Array => new Uint8Array(2 * SMALL_DIM).fill(value);
    await scan.add(window(3), 2, 0);
    await scan.add(window(1), 2, 2);
    await scan.add(window(2), 2, 4);
    expect(scan.result()).toEqual({
      rows: Uint32Array.of(2, 3, 4),
      distances: Float32Array.of(SMALL_DIM, SMALL_DIM, 4 * SMALL_DIM),
    });
    scan.close();
  });
});

describe('doctor', () => {
  it('tells what this machine offers, and cleans up after its probe', async () => {
    const report = await native.doctor(small.folder);
    expect(report.cpu.features.every((feature) => typeof feature === 'string')).toBe(true);
    expect(['uring', 'pread', 'mmap']).toContain(report.io.auto);
    expect(report.lockedMemory.limitBytes).toBeGreaterThanOrEqual(0);
    expect(report.disk?.path.startsWith(small.folder)).toBe(true);
    expect(report.disk?.fileBytes).toBeGreaterThan(0);
    expect(report.disk?.depth1Us).toBeGreaterThan(0);
    expect(report.disk?.depth32ReadsPerSecond).toBeGreaterThan(0);
    expect((await readdir(small.folder)).filter((name) => name.includes('probe'))).toEqual([]);
    expect((await native.doctor(null)).disk).toBeNull();
    expect(await codeOf(native.doctor(join(small.folder, 'absent')))).toBe('NOT_FOUND');
  });
});
