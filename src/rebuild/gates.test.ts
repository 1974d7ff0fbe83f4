// Each gate lets a sound segment pass, and refuses one that was made bad on purpose.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadNative, type NativeSegment, type NativeSnapshot, type NativeStore } from '../binding.js';
import { RoaringBitmap32 } from '../bitmap.js';
import { type GateInput, type GateResult, runGates } from './gates.js';

const SAMPLE = fileURLToPath(new URL('../../test/sample/sift-4k.base.u8bin', import.meta.url));
const DIM = 128;
const ROWS = 2000;
const GRAPH = { degree: 16, buildList: 40, alpha: 1.2 };

let folder = '';
let store: NativeStore;
let vectors: Uint8Array;
let before: NativeSegment[];
let sound: NativeSegment;
let base: NativeSnapshot;
const dead = Uint32Array.from({ length: 200 }, (_, at) => at * 10);
const live = RoaringBitmap32.fromRange(0, ROWS);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vamana-gates-'));
  vectors = (await readFile(SAMPLE)).subarray(8);
  const engine = { io: 'pread', threads: 1, inFlight: 0, cacheBytes: 0, queueRequests: 64 } as const;
  store = loadNative().createStore({ dim: DIM, element: 'u8', metric: 'l2', ...engine, delta: GRAPH });
  live.removeMany(dead);
  const rows = Uint32Array.from({ length: ROWS }, (_, row) => row);
  before = [await build('a', rows.subarray(0, 1200)), await build('b', rows.subarray(1200))];
  sound = await build('sound', Uint32Array.from(live));
  base = store.createSnapshot({ segments: before, deltas: [], dead });
});
afterAll(async () => {
  base.close();
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

async function build(
  name: string,
  rows: Uint32Array,
  options: Partial<typeof GRAPH & { codeBytes: number }> = {},
): Promise<NativeSegment> {
  const delta = store.createDelta();
  delta.append(rows, Buffer.concat(Array.from(rows, (row) => vectors.subarray(row * DIM, (row + 1) * DIM))));
  const only = store.createSnapshot({ segments: [], deltas: [delta], dead: new Uint32Array(0) });
  const dir = join(folder, name);
  const build = { dir, ...GRAPH, code: 'pq', codeBytes: 16, memoryLimit: 0, threads: 1, seed: 1, ...options } as const;
  await store.buildSegment({ segments: [], deltas: [delta] }, only, build, null, null);
  only.close();
  delta.close();
  return store.openSegment(dir);
}

async function refused(change: Partial<GateInput>): Promise<GateResult['gate'][]> {
  const recent = { bytes: new Uint8Array(0), count: 0 };
  const results = await runGates({ store, base, live, seq: 1, before, candidate: sound, recent, ...change });
  return results.filter(({ passed }) => !passed).map(({ gate }) => gate);
}

/** The snapshot, with what is derived from it for the candidate changed. */
function spoiled(change: (candidate: NativeSnapshot) => Partial<NativeSnapshot>): NativeSnapshot {
  const pass = (snapshot: NativeSnapshot, over: Partial<NativeSnapshot>): NativeSnapshot => ({
    get liveRows() {
      return snapshot.liveRows;
    },
    next: (what) => snapshot.next(what),
    search: (...call) => snapshot.search(...call),
    fetch: (rows) => snapshot.fetch(rows),
    close: () => snapshot.close(),
    ...over,
  });
  return pass(base, {
    next: (what) => {
      const derived = base.next(what);
      return what.segments?.[0] === sound ? pass(derived, change(derived)) : derived;
    },
  });
}

describe('the gates', () => {
  it('let a sound segment pass', async () => {
    expect(await refused({})).toEqual([]);
    const queries = vectors.subarray(3000 * DIM, 3040 * DIM);
    expect(await refused({ recent: { bytes: queries, count: 40 } })).toEqual([]);
  });

  it('refuse rows that are missing, and dead ones that are there', async () => {
    expect(await refused({ candidate: await build('missing', Uint32Array.from(live).subarray(1)) })).toContain('rows');
    const all = Uint32Array.from({ length: ROWS }, (_, row) => row);
    expect(await refused({ candidate: await build('extra', all) })).toContain('rows');
  });

  it('refuse a graph or codes that find less', async () => {
    const poor = await build('poor', Uint32Array.from(live), { degree: 4, buildList: 4, codeBytes: 1 });
    const gates = await refused({
      before: [sound],
      base: store.createSnapshot({ segments: [sound], deltas: [], dead }),
      candidate: poor,
    });
    expect(gates).toContain('recall');
    expect(gates).toContain('shadow');
  });

  it('refuse one that is slower', async () => {
    const slow = spoiled((candidate) => ({
      search: async (...call) => {
        await setTimeout(5);
        return candidate.search(...call);
      },
    }));
    expect(await refused({ base: slow })).toEqual(['latency']);
  });

  it('refuse one that is too large', async () => {
    expect(await refused({ memoryLimit: 1000 })).toEqual(['memory']);
  });

  it('refuse one that passes over filters', async () => {
    const heedless = spoiled((candidate) => ({
      search: (bytes, count, { filter: _, strategy: __, ...params }, cancel) =>
        candidate.search(bytes, count, params, cancel),
    }));
    expect(await refused({ base: heedless })).toEqual(['filters']);
  });

  it('refuse one from which nothing can be deleted', async () => {
    const stubborn = spoiled((candidate) => ({
      next: (what) => candidate.next({ ...what, dead: new Uint32Array(0) }),
    }));
    expect(await refused({ base: stubborn })).toEqual(['changes']);
  });
});
