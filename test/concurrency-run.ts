// Writers and searchers on one collection, with flushes going on: what each of them sees is held against what had been
// acknowledged before it asked. Ids belong to one writer each; a vector follows from its id and the payload's number,
// so that a point of mixed versions is known when it is seen. Called by collection-concurrency.test.ts and
// long/concurrency.ts.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Collection, open, type Point, type PointId, type ScoredPoint } from '../src/index.js';
import { checkFiles, readAllPoints } from './check-collection.js';
import { Random } from './random-writes.js';

export interface ConcurrencyOptions {
  seed: number;
  seconds: number;
  writers: number;
  searchers: number;
  deltaRows: number;
}

export interface ConcurrencyReport {
  batches: number;
  rows: number;
  searches: number;
  segments: number;
  recall: number;
}

const DIM = 8;
const IDS_EACH = 150;
/** Points that nobody changes, far from all others: no search near them may ever miss one. */
const STABLE = 40;
const STABLE_FIRST = 1_000_000;
const OPTIONS = { dim: DIM, degree: 12, buildList: 32, codeBytes: 16 };

/** What was acknowledged last of a point. */
interface Told {
  seq: number;
  live: boolean;
}

export async function runConcurrently(options: ConcurrencyOptions): Promise<ConcurrencyReport> {
  const dir = await mkdtemp(join(tmpdir(), 'vamana-concurrency-'));
  const { deltaRows, seed } = options;
  const database = await open(dir, { deltaRows, walSegmentBytes: 100_000, threads: 2, reserveBytes: 0 });
  try {
    const collection = await database.createCollection('c', OPTIONS);
    const report = await new ConcurrencyRun(collection, options).all();
    await database.close();
    await checkFiles(dir, 'c');
    return report;
  } catch (error) {
    throw new Error(`seed ${seed}: ${error instanceof Error ? (error.stack ?? error.message) : error}`, {
      cause: error,
    });
  } finally {
    await database.close();
    await rm(dir, { recursive: true, force: true });
  }
}

class ConcurrencyRun {
  private readonly told = new Map<PointId, Told>();
  private readonly report: ConcurrencyReport = { batches: 0, rows: 0, searches: 0, segments: 0, recall: 0 };
  private readonly recall = { found: 0, wanted: 0 };
  private readonly end: number;
  private failed = false;

  constructor(
    private readonly collection: Collection,
    private readonly options: ConcurrencyOptions,
  ) {
    this.end = performance.now() + options.seconds * 1000;
  }

  async all(): Promise<ConcurrencyReport> {
    const { collection, report, options } = this;
    const stable = Array.from({ length: STABLE }, (_, i) => pointOf(STABLE_FIRST + i, 0));
    const { seq } = await collection.upsert(stable);
    for (const { id } of stable) this.told.set(BigInt(id), { seq, live: true });
    const work = [
      ...Array.from({ length: options.writers }, (_, writer) => this.write(writer)),
      ...Array.from({ length: options.searchers }, (_, searcher) => this.search(searcher)),
      this.flush(),
    ];
    // Whatever fails first ends the others, and is what is told.
    for (const each of work) each.catch(() => (this.failed = true));
    await Promise.all(work).finally(() => Promise.allSettled(work));
    await this.checkEnd();
    report.segments = collection.status().segments.length;
    report.recall = this.recall.wanted === 0 ? 1 : this.recall.found / this.recall.wanted;
    return report;
  }

  private get goesOn(): boolean {
    return !this.failed && performance.now() < this.end;
  }

  private async write(writer: number): Promise<void> {
    const { collection, report, told } = this;
    const random = new Random(this.options.seed * 1009 + writer);
    for (let n = 1; this.goesOn; n += 1) {
      const ids = [...new Set(Array.from({ length: 1 + random.int(12) }, () => writer * 1000 + random.int(IDS_EACH)))];
      const live = random.chance(0.75);
      const result = await (live ? collection.upsert(ids.map((id) => pointOf(id, n))) : collection.delete(ids));
      const { seq, operations } = result;
      const before = ids.filter((id) => told.get(BigInt(id))?.live === true).length;
      assert.equal(operations[0]?.applied, live ? ids.length : before, 'entries that were applied');
      for (const id of ids) {
        const last = told.get(BigInt(id));
        assert.ok(last === undefined || seq >= last.seq, `batch ${seq} follows ${last?.seq}`);
        told.set(BigInt(id), { seq: live || last?.live === true ? seq : (last?.seq ?? 0), live });
      }
      report.batches += 1;
      report.rows += live ? ids.length : 0;
      if (random.chance(0.3)) await this.readBack(ids, live ? seq : null, n);
    }
  }

  /** By who wrote them: nobody else does. */
  private async readBack(ids: readonly number[], seq: number | null, n: number): Promise<void> {
    const points = await this.collection.retrieve(ids, { withVector: true });
    const expected = seq === null ? [] : ids.map((id) => ({ id: BigInt(id), version: seq }));
    assert.deepEqual(
      points.map(({ id, version }) => ({ id, version })),
      expected,
      'retrieve after an acknowledgement',
    );
    const [id = 0] = ids;
    const hits = await this.collection.search(vectorOf(id, n), { k: 3, exact: true });
    const own = hits.find((hit) => hit.id === BigInt(id));
    assert.equal(own?.version ?? null, seq, `search after batch ${seq} of point ${id}`);
  }

  private async search(searcher: number): Promise<void> {
    const { collection, options, told } = this;
    const random = new Random(options.seed * 2003 + searcher);
    const seen = new Map<PointId, number>();
    while (this.goesOn) {
      const stable = random.chance(0.3);
      const id = stable ? STABLE_FIRST + random.int(STABLE) : random.int(options.writers) * 1000 + random.int(IDS_EACH);
      const query = vectorOf(id, stable ? 0 : random.int(50));
      const exact = random.chance(0.3);
      const k = stable ? STABLE : 1 + random.int(20);
      const before = new Map(told);
      const all = { k, exact, withPayload: true, withVector: true };
      const hits = await collection.search(query, { ...all, listSize: 64 });
      this.report.searches += 1;
      this.checkHits(hits, before, query, seen);
      if (!stable) continue;
      const found = hits.filter((hit) => Number(hit.id) >= STABLE_FIRST).length;
      if (exact) assert.equal(found, STABLE, 'points that nobody changes');
      this.recall.found += found;
      this.recall.wanted += STABLE;
    }
  }

  private checkHits(
    hits: readonly ScoredPoint[],
    before: ReadonlyMap<PointId, Told>,
    query: Float32Array,
    seen: Map<PointId, number>,
  ): void {
    assert.equal(new Set(hits.map(({ id }) => id)).size, hits.length, 'two versions of a point');
    let last = Number.NEGATIVE_INFINITY;
    for (const hit of hits) {
      const { id, version } = hit;
      const then = before.get(id) ?? { seq: 0, live: false };
      assert.ok(
        then.live ? version >= then.seq : version > then.seq,
        `point ${id} at ${version}: ${JSON.stringify(then)}`,
      );
      assert.ok(version >= (seen.get(id) ?? 0), `point ${id} at ${version} after ${seen.get(id)}`);
      seen.set(id, version);
      checkWhole(hit);
      const expected = (hit.vector as Float32Array).reduce((sum, x, i) => sum + (x - (query[i] as number)) ** 2, 0);
      assert.ok(Math.abs(hit.distance - expected) <= 1e-3 * (1 + expected), `distance of ${id}: ${hit.distance}`);
      assert.ok(hit.distance >= last);
      last = hit.distance;
    }
  }

  private async flush(): Promise<void> {
    while (this.goesOn) {
      await new Promise((resolve) => setTimeout(resolve, 300));
      await this.collection.flush();
    }
  }

  private async checkEnd(): Promise<void> {
    const points = await readAllPoints(this.collection);
    const live = [...this.told].filter(([, told]) => told.live);
    assert.deepEqual(
      new Map(points.map(({ id, version }) => [id, version])),
      new Map(live.map(([id, told]) => [id, told.seq])),
    );
    for (const point of points) checkWhole(point);
  }
}

function pointOf(id: number, n: number): { id: number; vector: Float32Array; payload: { n: number } } {
  return { id, vector: vectorOf(id, n), payload: { n } };
}

function vectorOf(id: number, n: number): Float32Array {
  const random = new Random(id * 31 + n * 1_000_033);
  const shift = id >= STABLE_FIRST ? 1000 : 0;
  return Float32Array.from({ length: DIM }, () => shift + random.int(4096) / 64);
}

function checkWhole({ id, payload, vector }: Point): void {
  assert.deepEqual(vector, vectorOf(Number(id), Number(payload?.n)), `point ${id} of mixed versions`);
}
