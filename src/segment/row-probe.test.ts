import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadNative, type NativeDelta, type NativeStore } from '../binding.js';
import { probeDelta, probeSegment, type RowPart } from './row-probe.js';

const folder = mkdtempSync(join(tmpdir(), 'vamana-probe-'));
const DIM = 4;
let store: NativeStore;
let delta: NativeDelta;
let parts: RowPart[];
// With gaps, so that the segment keeps its row numbers.
const rows = Uint32Array.from({ length: 500 }, (_, at) => 100 + 3 * at + (at > 250 ? 1000 : 0));

beforeAll(async () => {
  const graph = { degree: 8, buildList: 16, alpha: 1.2 };
  const common = { dim: DIM, element: 'u8', metric: 'l2' } as const;
  const engine = { io: 'pread', threads: 1, inFlight: 0, cacheBytes: 0, queueRequests: 16 } as const;
  store = loadNative().createStore({ ...common, ...engine, delta: graph });
  delta = store.createDelta();
  delta.append(
    rows,
    Uint8Array.from({ length: rows.length * DIM }, (_, at) => (at * 37) % 251),
  );
  delta.freeze();
  const snapshot = store.createSnapshot({ segments: [], deltas: [delta], dead: new Uint32Array(0) });
  const dir = join(folder, 'segment');
  const build = { dir, ...graph, code: 'pq', codeBytes: 4, memoryLimit: 0, threads: 1, seed: 1 } as const;
  await store.buildSegment({ segments: [], deltas: [delta] }, snapshot, build, null, null);
  snapshot.close();
  const segment = await store.openSegment(dir);
  parts = [probeSegment(store, 'segment', segment), probeDelta(store, 'delta', delta)];
  segment.close();
});

afterAll(async () => {
  for (const part of parts) part.close();
  delta.close();
  await store.close();
  rmSync(folder, { recursive: true });
});

it('tells the rows of a segment and of a delta from others', () => {
  const set = new Set(rows);
  const asked = fc.uniqueArray(fc.integer({ min: 0, max: 4000 }), { maxLength: 300 });
  fc.assert(
    fc.property(asked, (numbers) => {
      const sorted = Uint32Array.from(numbers).sort();
      const expected = Array.from(sorted, (row) => (set.has(row) ? 1 : 0));
      for (const part of parts) expect(Array.from(part.has(sorted)), part.name).toEqual(expected);
    }),
  );
  for (const part of parts) expect(part.has(rows).every((flag) => flag === 1)).toBe(true);
});

it('tells the rows of a delta that grows', () => {
  const growing = store.createDelta();
  const part = probeDelta(store, 'growing', growing);
  growing.append(Uint32Array.of(3, 5), new Uint8Array(2 * DIM));
  expect(Array.from(part.has(Uint32Array.of(2, 3, 4, 5, 9)))).toEqual([0, 1, 0, 1, 0]);
  growing.append(Uint32Array.of(9), new Uint8Array(DIM));
  expect(Array.from(part.has(Uint32Array.of(2, 3, 4, 5, 9)))).toEqual([0, 1, 0, 1, 1]);
  part.close();
  growing.close();
});
