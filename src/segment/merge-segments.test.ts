import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadNative, type NativeDelta, type NativeSegment, type NativeSnapshot, type NativeStore } from '../binding.js';
import { verifyIndex } from './check-index.js';
import { createThrottle, type MergeInput, mergeSegments, planMerge } from './merge-segments.js';
import type { RatedProgress } from './stage-rate.js';

const SAMPLE = fileURLToPath(new URL('../../test/sample/sift-4k.base.u8bin', import.meta.url));
const DIM = 128;
const GRAPH = { degree: 8, buildList: 24, alpha: 1.2 };

let folder = '';
let vectors: Uint8Array;
let store: NativeStore;
/** Rows 0 to 2999 and 3000 to 3599; every fifth row below 3300 is dead. */
let large: NativeSegment;
let small: NativeSegment;
let snapshot: NativeSnapshot;
const dead = Uint32Array.from({ length: 660 }, (_, at) => at * 5);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vamana-test-'));
  vectors = (await readFile(SAMPLE)).subarray(8);
  const engine = { io: 'pread', threads: 1, inFlight: 0, cacheBytes: 0, queueRequests: 16 } as const;
  store = loadNative().createStore({ dim: DIM, element: 'u8', metric: 'l2', ...engine, delta: GRAPH });
  large = await segment(0, 3000);
  small = await segment(3000, 3600);
  snapshot = store.createSnapshot({ segments: [large, small], deltas: [], dead });
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

function delta(begin: number, end: number): NativeDelta {
  const made = store.createDelta();
  const rows = Uint32Array.from({ length: end - begin }, (_, at) => begin + at);
  made.append(rows, vectors.subarray(begin * DIM, end * DIM));
  made.freeze();
  return made;
}

async function segment(begin: number, end: number): Promise<NativeSegment> {
  const rows = delta(begin, end);
  const only = store.createSnapshot({ segments: [], deltas: [rows], dead: new Uint32Array(0) });
  const dir = join(folder, `from-${begin}`);
  const build = { dir, ...GRAPH, code: 'pq', codeBytes: 16, memoryLimit: 0, threads: 1, seed: 1 } as const;
  await store.buildSegment({ segments: [], deltas: [rows] }, only, build, null, null);
  only.close();
  rows.close();
  return store.openSegment(dir);
}

function input(change: Partial<MergeInput> = {}): MergeInput {
  return { store, snapshot, segments: [small, large], dir: join(folder, 'merged'), threads: 1, ...change };
}

/** Searches for rows' own vectors: those that come back as their own nearest. */
async function foundThemselves(merged: NativeSegment, rows: readonly number[]): Promise<number> {
  const seen = store.createSnapshot({ segments: [merged], deltas: [], dead: new Uint32Array(0) });
  const queries = Buffer.concat(rows.map((row) => vectors.subarray(row * DIM, (row + 1) * DIM)));
  const params = { k: 1, listSize: 64, rerank: 0, exact: false, approximate: false, costs: false };
  const result = await seen.search(queries, rows.length, params, null);
  seen.close();
  return rows.filter((row, at) => result.rows[at] === row).length;
}

describe('mergeSegments', () => {
  it('streams: keeps the graph of the largest, drops the dead, inserts the others', async () => {
    const heard: RatedProgress[] = [];
    const report = await mergeSegments(input(), { onProgress: (progress) => heard.push(progress) });
    expect(report).toMatchObject({
      mode: 'streaming',
      vectorsInMemory: true,
      rows: 2940,
      kept: 2400,
      dropped: 600,
      fresh: 540,
      unreachable: 0,
    });
    expect(report.listsRepaired).toBeGreaterThan(1000);
    expect(report.insertedError / report.trainingError).toBeGreaterThan(0.5);
    expect(report.insertedError / report.trainingError).toBeLessThan(3);
    expect(report.seconds.train).toBe(0);
    expect([...new Set(heard.map(({ stage }) => stage))]).toEqual(['read', 'repair', 'graph', 'reorder', 'write']);
    expect(heard.every(({ perSecond }) => perSecond >= 0)).toBe(true);

    expect(await verifyIndex(join(folder, 'merged'))).toMatchObject({ rows: 2940, unreachable: 0, problems: [] });
    const merged = await store.openSegment(join(folder, 'merged'));
    expect(merged.info).toMatchObject({ degree: 8, buildList: 24, code: large.info.code, rows: 2940 });
    expect(merged.rows).toEqual({ count: 2940, first: 1, last: 3599 });
    const live = [1, 2, 3, 4, 1234, 2999, 3001, 3299, 3300, 3599];
    expect(await foundThemselves(merged, live)).toBeGreaterThanOrEqual(9);
    expect(await foundThemselves(merged, [0, 5, 3000])).toBe(0);
  });

  it('takes rows of deltas in', async () => {
    const fresh = delta(3600, 3700);
    const wider = snapshot.next({ deltas: [fresh], dead: Uint32Array.of(3650) });
    const report = await mergeSegments(input({ snapshot: wider, deltas: [fresh], keep: large }));
    expect(report).toMatchObject({ kept: 2400, fresh: 540 + 99 });
    const merged = await store.openSegment(join(folder, 'merged'));
    expect(merged.rows.last).toBe(3699);
  });

  it('keeps the segment it is told to', async () => {
    const report = await mergeSegments(input({ keep: small }));
    expect(report).toMatchObject({ kept: 540, dropped: 60, fresh: 2400, rows: 2940 });
    expect(await verifyIndex(join(folder, 'merged'))).toMatchObject({ rows: 2940, unreachable: 0, problems: [] });
  });

  it('rebuilds with another graph and another code', async () => {
    const graph = { degree: 12, buildList: 30, code: 'pq', codeBytes: 8 } as const;
    const report = await mergeSegments(input({ mode: 'rebuild', graph }));
    expect(report).toMatchObject({ mode: 'rebuild', rows: 2940, kept: 0, fresh: 2940, trainingError: 0 });
    const merged = await store.openSegment(join(folder, 'merged'));
    expect(merged.info).toMatchObject({ degree: 12, buildList: 30, code: 'pq8x8' });
  });

  it('plans, and refuses a memory limit that it could not keep', async () => {
    const plan = await planMerge(input());
    expect(plan).toMatchObject({ mode: 'streaming', vectorsInMemory: true, kept: 2400, fresh: 540, partitions: 1 });
    const { vectorsBytes, graphBytes, codesBytes, buffersBytes, processBytes, peakBytes } = plan;
    expect(vectorsBytes + graphBytes + codesBytes + buffersBytes + processBytes).toBe(peakBytes);
    await expect(planMerge(input({ memoryLimit: 1_000_000 }))).rejects.toMatchObject({ code: 'MEMORY_LIMIT' });
    await expect(mergeSegments(input({ memoryLimit: 1_000_000 }))).rejects.toMatchObject({ code: 'MEMORY_LIMIT' });
    expect((await readdir(folder)).sort()).toEqual(['from-0', 'from-3000']);
  });

  it('refuses what cannot be merged', async () => {
    const refused = (change: Partial<MergeInput>) => expect(mergeSegments(input(change))).rejects;
    await refused({ graph: { degree: 9 } }).toMatchObject({ name: 'VamanaError', code: 'INVALID_ARGUMENT' });
    await refused({ segments: [small], keep: large }).toMatchObject({ code: 'INVALID_ARGUMENT' });
    await refused({ segments: [] }).toMatchObject({ code: 'INVALID_ARGUMENT' });
    await refused({ dir: '' }).toThrow('options.dir: found the string ""');
    await refused({ dir: join(folder, 'from-0') }).toMatchObject({ code: 'ALREADY_EXISTS' });
    const all = snapshot.next({ dead: Uint32Array.from({ length: 3000 }, (_, row) => row) });
    await refused({ snapshot: all }).toThrow('no row of it lives');
    const none = snapshot.next({ dead: Uint32Array.from({ length: 3600 }, (_, row) => row) });
    await refused({ snapshot: none }).toThrow('found 0');
    small.close();
    await refused({}).toMatchObject({ code: 'CLOSED' });
  });

  it('stops when its signal is aborted, paused or not, and leaves nothing', async () => {
    const throttle = createThrottle();
    const controller = new AbortController();
    const merging = mergeSegments(input(), {
      throttle,
      signal: controller.signal,
      onProgress: () => {
        throttle.setPaused(true);
        setTimeout(() => controller.abort(new Error('not now')), 50);
      },
    });
    await expect(merging).rejects.toMatchObject({ code: 'ABORTED', cause: { message: 'not now' } });
    expect((await readdir(folder)).sort()).toEqual(['from-0', 'from-3000']);
  });

  it('goes on when a pause ends, and rejects with what its listener throws', async () => {
    const throttle = createThrottle({ paused: true, bytesPerSecond: 1_000_000_000 });
    let ended = false;
    const merging = mergeSegments(input(), { throttle }).then((report) => {
      ended = true;
      return report;
    });
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(ended).toBe(false);
    throttle.setPaused(false);
    expect(await merging).toMatchObject({ rows: 2940 });
    const thrown = new RangeError('no more');
    const onProgress = () => {
      throw thrown;
    };
    await expect(mergeSegments(input({ dir: join(folder, 'again') }), { onProgress })).rejects.toBe(thrown);
  });

  it('keeps no build waiting while it is paused', async () => {
    const throttle = createThrottle({ paused: true });
    const merges = [1, 2, 3].map((at) => mergeSegments(input({ dir: join(folder, `paused-${at}`) }), { throttle }));
    await segment(3700, 3750);
    throttle.setPaused(false);
    const reports = await Promise.all(merges);
    expect(reports.map(({ rows }) => rows)).toEqual([2940, 2940, 2940]);
  });

  it('is served by a snapshot that closes while it runs, and by segments that do', async () => {
    const passing = snapshot.next({});
    const merging = mergeSegments(input({ snapshot: passing }));
    passing.close();
    snapshot.close();
    large.close();
    small.close();
    expect(await merging).toMatchObject({ rows: 2940 });
  });
});

describe('createThrottle', () => {
  it('refuses limits that are none', () => {
    for (const wrong of [{ bytesPerSecond: -1 }, { cpuPercent: 0 }, { cpuPercent: 101 }]) {
      expect(() => createThrottle(wrong)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
    }
    const throttle = loadNative().createThrottle();
    expect(() => throttle.setPaused('yes' as unknown as boolean)).toThrow('paused: found the string "yes"');
    const merging = store.mergeSegments(
      { segments: [large], deltas: [] },
      snapshot,
      {
        dir: join(folder, 'm'),
        mode: 'streaming',
        ...GRAPH,
        code: 'pq',
        codeBytes: 16,
        memoryLimit: 0,
        threads: 1,
        seed: 1,
      },
      {} as never,
      null,
      null,
    );
    return expect(merging).rejects.toThrow('expected what createThrottle() returned, or null');
  });
});
