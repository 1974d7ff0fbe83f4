// Random writes, deletes, flushes and merges of a native store against a list of rows that is scanned: whatever the
// parts are, an exact search is the truth, a wide search finds nearly all of it, no dead row ever comes, and every
// row is fetched as it was written.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadNative, type NativeDelta, type NativeSegment, type NativeSnapshot } from '../src/binding.js';
import { seededRandom } from '../tools/random.js';

const native = loadNative();
const dim = 6;
const k = 8;

type Step =
  | { kind: 'write'; count: number; seed: number }
  | { kind: 'delete'; share: number; seed: number }
  | { kind: 'flush' }
  | { kind: 'merge' }
  | { kind: 'check'; seed: number };

/** Whole numbers below `bound` from a seed. */
function numbers(seed: number): (bound: number) => number {
  const random = seededRandom(seed);
  return (bound) => Math.floor(random() * bound);
}

class Model {
  readonly rows = new Map<number, Uint8Array>();
  readonly dead: number[] = [];
  nextRow = 0;
  segments: NativeSegment[] = [];
  delta: NativeDelta;
  snapshot: NativeSnapshot;
  folders = 0;
  readonly store;

  constructor(private readonly folder: string) {
    this.store = native.createStore({
      dim,
      element: 'u8',
      metric: 'l2',
      io: 'auto',
      threads: 2,
      inFlight: 2,
      cacheBytes: 1 << 20,
      queueRequests: 64,
      delta: { degree: 8, buildList: 24, alpha: 1.2 },
    });
    this.delta = this.store.createDelta();
    this.snapshot = this.store.createSnapshot({ segments: [], deltas: [this.delta], dead: new Uint32Array() });
  }

  publish(change: Parameters<NativeSnapshot['next']>[0]): void {
    const before = this.snapshot;
    this.snapshot = before.next(change);
    before.close();
  }

  write(count: number, seed: number): void {
    const random = numbers(seed);
    const rows: number[] = [];
    const vectors = new Uint8Array(count * dim).map(() => random(256));
    for (let i = 0; i < count; ++i) {
      this.nextRow += 1 + random(3);
      rows.push(this.nextRow);
      this.rows.set(this.nextRow, vectors.slice(i * dim, (i + 1) * dim));
    }
    this.delta.append(Uint32Array.from(rows), vectors);
    // One in ten of the batch is replaced within it: it is never seen alive.
    const dead = rows.filter(() => random(10) === 0);
    this.kill(dead);
    this.publish({ dead: Uint32Array.from(dead) });
  }

  kill(rows: number[]): void {
    for (const row of rows) {
      this.rows.delete(row);
      this.dead.push(row);
    }
  }

  delete(share: number, seed: number): void {
    const random = numbers(seed);
    const dead = [...this.rows.keys()].filter(() => random(100) < share);
    this.kill(dead);
    this.publish({ dead: Uint32Array.from(dead) });
  }

  async build(segments: NativeSegment[], deltas: NativeDelta[]): Promise<NativeSegment[]> {
    const dir = join(this.folder, `segment-${this.folders++}`);
    const options = {
      dir,
      degree: 8,
      buildList: 24,
      alpha: 1.2,
      code: 'pq',
      codeBytes: dim,
      memoryLimit: 0,
      threads: 1,
      seed: 1,
    } as const;
    const snapshot = this.snapshot;
    try {
      await this.store.buildSegment({ segments, deltas }, snapshot, options, null, null);
    } catch (error) {
      // All of its rows are dead.
      expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(/found 0/) });
      return [];
    }
    return [await this.store.openSegment(dir)];
  }

  async flush(seed: number): Promise<void> {
    const frozen = this.delta;
    frozen.freeze();
    this.delta = this.store.createDelta();
    this.publish({ deltas: [frozen, this.delta] });
    const writing = this.build([], [frozen]);
    // Life goes on while it is written.
    this.write(20, seed);
    this.delete(10, seed + 1);
    const written = await writing;
    this.segments.push(...written);
    this.publish({ segments: this.segments, deltas: [this.delta] });
    frozen.close();
  }

  async merge(seed: number): Promise<void> {
    if (this.segments.length < 2) return;
    const merged = this.segments.splice(0, 2);
    const rest = this.segments;
    const writing = this.build(merged, []);
    this.delete(10, seed);
    this.segments = [...(await writing), ...rest];
    this.publish({ segments: this.segments });
    for (const segment of merged) segment.close();
  }

  async check(seed: number): Promise<number> {
    const { snapshot } = this;
    expect(snapshot.liveRows).toBe(this.rows.size);
    const random = numbers(seed);
    const queries = new Uint8Array(5 * dim).map(() => random(256));
    const params = { k, listSize: 64, rerank: 0, exact: false, approximate: false, costs: false };
    const exact = await snapshot.search(queries, 5, { ...params, exact: true }, null);
    const walked = await snapshot.search(queries, 5, params, null);
    let found = 0;
    let wanted = 0;
    for (let q = 0; q < 5; ++q) {
      const query = queries.subarray(q * dim, (q + 1) * dim);
      const distance = (row: number) =>
        (this.rows.get(row) as Uint8Array).reduce((sum, value, i) => sum + (value - (query[i] as number)) ** 2, 0);
      const truth = [...this.rows.keys()].map((row) => ({ row, distance: distance(row) }));
      truth.sort((a, b) => a.distance - b.distance || a.row - b.row);
      const expected = truth.slice(0, k).map(({ row }) => row);
      const padded = [...expected, ...Array<number>(k - expected.length).fill(native.constants.noRow)];
      expect([...exact.rows.subarray(q * k, (q + 1) * k)]).toEqual(padded);
      const rows = [...walked.rows.subarray(q * k, (q + 1) * k)].filter((row) => row !== native.constants.noRow);
      expect(new Set(rows).size).toBe(rows.length);
      for (const row of rows) expect(this.rows.has(row), `row ${row} is dead or never was`).toBe(true);
      const last = truth[expected.length - 1]?.distance ?? 0;
      found += rows.filter((row) => distance(row) <= last).length;
      wanted += expected.length;
    }
    await this.checkFetch(random);
    return wanted === 0 ? 1 : found / wanted;
  }

  private async checkFetch(random: (bound: number) => number): Promise<void> {
    const live = [...this.rows.keys()];
    const rows = Array.from({ length: 30 }, () => random(this.nextRow + 3));
    for (let i = 0; i < 30 && live.length > 0; ++i) rows.push(live[random(live.length)] as number);
    const { found, vectors } = await this.snapshot.fetch(Uint32Array.from(rows));
    for (const [i, row] of rows.entries()) {
      expect(found[i], `row ${row}`).toBe(this.rows.has(row) ? 1 : 0);
      expect(vectors.slice(i * dim, (i + 1) * dim)).toEqual(this.rows.get(row) ?? new Uint8Array(dim));
    }
  }
}

const seed = fc.integer({ min: 1, max: 2 ** 31 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('write' as const), count: fc.integer({ min: 1, max: 300 }), seed }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('delete' as const), share: fc.constantFrom(1, 20, 90, 100), seed }),
  },
  { weight: 2, arbitrary: fc.constant({ kind: 'flush' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'merge' as const }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('check' as const), seed }) },
);

describe('a native store', () => {
  it('equals a list of rows after any writes, deletes, flushes and merges', { timeout: 120_000 }, async () => {
    const recalls: number[] = [];
    const run = async (steps: Step[]) => {
      const folder = mkdtempSync(join(tmpdir(), 'vamana-test-'));
      const model = new Model(folder);
      try {
        let i = 0;
        for (const at of [...steps, { kind: 'check', seed: 1 } as Step]) {
          ++i;
          if (at.kind === 'write') model.write(at.count, at.seed);
          if (at.kind === 'delete') model.delete(at.share, at.seed);
          if (at.kind === 'flush') await model.flush(i);
          if (at.kind === 'merge') await model.merge(i);
          if (at.kind === 'check') recalls.push(await model.check(at.seed));
        }
      } finally {
        await model.store.close();
        rmSync(folder, { recursive: true, force: true });
      }
    };
    await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 14 }), run), { numRuns: 25 });
    expect(recalls.reduce((sum, one) => sum + one, 0) / recalls.length).toBeGreaterThan(0.97);
  });
});
