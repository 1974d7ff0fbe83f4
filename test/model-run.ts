// One run of the model test: random operations on a real collection and on PointModel, step by step, with opening
// again in between; what they answer must be the same. Called by collection-model.test.ts and by long/model.ts.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Collection,
  type Database,
  type FieldType,
  type OpenOptions,
  open,
  type PointId,
  type ScoredPoint,
  VamanaError,
  type WriteBatch,
} from '../src/index.js';
import { ModelChecks, show } from './model-checks.js';
import { naiveMatches } from './naive-filter.js';
import { compareIds, PointModel, type Space, tolerance } from './point-model.js';
import { idPool, Random, RandomWrites } from './random-writes.js';

export interface ModelRun {
  seed: number;
  steps: number;
  space?: Partial<Space>;
}

export interface ModelRunReport {
  space: Space;
  steps: Record<string, number>;
  batches: number;
  refused: number;
  reopened: number;
  segments: number;
  recall: number;
  queries: number;
}

const ELEMENTS = ['f32', 'f16', 'u8', 'i8'] as const;
const METRICS = ['l2', 'cosine', 'dot', 'l1'] as const;
const STEPS = {
  write: 50,
  exact: 12,
  approximate: 12,
  retrieve: 6,
  scrollPage: 5,
  refused: 4,
  flush: 3,
  reopen: 2,
  deleteWhere: 1.5,
  filtered: 5,
  fields: 2.5,
  scroll: 2,
  linked: 1,
  job: 1.5,
};
export const ALL_SPACES: readonly Pick<Space, 'metric' | 'element'>[] = METRICS.flatMap((metric) =>
  ELEMENTS.map((element) => ({ metric, element })),
);

/** Throws with the seed, the step and what differed. */
export async function runModel({ seed, steps, space }: ModelRun): Promise<ModelRunReport> {
  const dir = await mkdtemp(join(tmpdir(), 'vamana-model-'));
  const run = new Run(dir, seed, space ?? {});
  let step = 0;
  let kind: keyof typeof STEPS = 'reopen';
  try {
    await run.begin();
    for (; step < steps; step += 1) {
      kind = run.random.weighted(STEPS);
      await run.step(kind);
    }
    kind = 'reopen';
    await run.step(kind);
    return run.report();
  } catch (error) {
    const { metric, element, dim } = run.space;
    const place = `SEED=${seed} STEPS=${steps}: step ${step} (${kind}), ${metric} over ${element}, dim ${dim}`;
    throw new Error(`${place}: ${error instanceof Error ? (error.stack ?? error.message) : error}`, { cause: error });
  } finally {
    await run.end();
    await rm(dir, { recursive: true, force: true });
  }
}

class Run {
  readonly random: Random;
  readonly space: Space;
  private readonly model: PointModel;
  private readonly checks: ModelChecks;
  private readonly writes: RandomWrites;
  private readonly ids: PointId[];
  private readonly stringIds: boolean;
  private database: Database | undefined;
  private collection: Collection | undefined;
  private readonly counts: Record<string, number> = {};
  private readonly recall = { found: 0, wanted: 0, queries: 0 };
  private batches = 0;
  private refused = 0;

  constructor(
    private readonly dir: string,
    seed: number,
    space: Partial<Space>,
  ) {
    this.random = new Random(seed);
    const dim = this.random.pick([1, 2, 5, 8, 17, 33]);
    this.space = { dim, metric: this.random.pick(METRICS), element: this.random.pick(ELEMENTS), ...space };
    this.stringIds = this.random.chance(0.5);
    this.ids = idPool(20 + this.random.int(400), this.stringIds);
    this.model = new PointModel(this.space);
    this.checks = new ModelChecks(this.model);
    this.writes = new RandomWrites(this.random, this.space, this.ids);
  }

  async begin(): Promise<void> {
    this.database = await open(this.dir, this.runtime());
    const codeBytes = this.random.pick([1, 4, 16, 68]);
    const degree = this.random.pick([4, 8, 24]);
    this.collection = await this.database.createCollection('model', {
      ...this.space,
      stringIds: this.stringIds,
      degree,
      buildList: degree + this.random.int(60),
      codeBytes,
    });
  }

  async end(): Promise<void> {
    await this.database?.close();
  }

  async step(kind: keyof typeof STEPS): Promise<void> {
    this.counts[kind] = (this.counts[kind] ?? 0) + 1;
    const { target, random } = this;
    if (kind === 'write') await this.write();
    else if (kind === 'exact') await this.search(true);
    else if (kind === 'approximate') await this.search(false);
    else if (kind === 'retrieve') await this.retrieve();
    else if (kind === 'scrollPage') await this.scrollPage();
    else if (kind === 'scroll') await this.checks.all(this.target, this.random.chance(0.5));
    else if (kind === 'refused') await this.refuse();
    else if (kind === 'deleteWhere') await this.deleteWhere();
    else if (kind === 'filtered') await this.filtered();
    else if (kind === 'fields') await this.fields();
    else if (kind === 'job') await this.job();
    else if (kind === 'linked') await target.linked();
    else if (kind === 'reopen') await this.reopen();
    else {
      // A flush may run while the next steps do, too.
      const flushed = target.flush();
      if (random.chance(0.5)) await this.write();
      await flushed;
    }
    assert.equal(this.target.count(), this.model.points.size, 'count()');
  }

  report(): ModelRunReport {
    const { space, counts, batches, refused } = this;
    return {
      space,
      steps: counts,
      batches,
      refused,
      reopened: counts.reopen ?? 0,
      segments: this.target.status().segments.length,
      recall: this.recall.wanted === 0 ? 1 : this.recall.found / this.recall.wanted,
      queries: this.recall.queries,
    };
  }

  private get target(): Collection {
    if (this.collection === undefined) throw new Error('no collection is open');
    return this.collection;
  }

  // Small deltas and log files: flushes and rotations come every few batches.
  private runtime(): OpenOptions {
    const { random } = this;
    return {
      deltaRows: 5 + random.int(120),
      walSegmentBytes: 2000 + random.int(20_000),
      threads: 1 + random.int(2),
      cacheBytes: random.pick([0, 65_536, 10_000_000]),
      sync: random.pick(['none', 'none', 'always', { intervalMs: 5 }]),
      io: random.pick(['auto', 'pread', 'mmap']),
      reserveBytes: 0,
    };
  }

  /** Up to four batches at once: they may share a group, in their order. */
  private async write(): Promise<void> {
    const { random, model } = this;
    const waiting: { batch: WriteBatch; outcome: ReturnType<PointModel['outcome']>; result: Promise<unknown> }[] = [];
    for (let i = random.chance(0.7) ? 1 : 1 + random.int(4); i > 0; i -= 1) {
      const batch = this.writes.batch(model);
      const outcome = model.outcome(batch);
      if (outcome !== null) model.accept(outcome);
      waiting.push({ batch, outcome, result: settled(this.target.write(batch)) });
    }
    for (const { batch, outcome, result } of waiting) {
      this.batches += 1;
      if (outcome === null) this.refused += 1;
      const expected =
        outcome === null ? { refused: 'VERSION_CONFLICT' } : { seq: outcome.seq, operations: outcome.operations };
      assert.deepEqual(await result, expected, `write ${show(batch)}`);
    }
  }

  /** A batch with one bad entry behind a good one: refused as a whole. */
  private async refuse(): Promise<void> {
    const { random, writes, space } = this;
    const good = writes.point();
    const bad = random.pick([
      { entry: { ...writes.point(), vector: [...writes.vector(), 1] }, code: 'INVALID_ARGUMENT' },
      { entry: { ...writes.point(), vector: writes.vector().fill(Number.NaN, 0, 1) }, code: 'NOT_FINITE' },
      { entry: { ...writes.point(), id: -1 }, code: 'INVALID_ARGUMENT' },
      { entry: { ...writes.point(), id: 0.5 }, code: 'INVALID_ARGUMENT' },
      { entry: { ...writes.point(), id: 2n ** 64n }, code: 'INVALID_ARGUMENT' },
    ]);
    const code =
      bad.code === 'NOT_FINITE' && (space.element === 'u8' || space.element === 'i8') ? /./ : new RegExp(bad.code);
    const result = await settled(this.target.upsert([good, bad.entry]));
    assert.match((result as { refused: string }).refused ?? 'accepted', code);
    this.refused += 1;
  }

  private async search(exact: boolean): Promise<void> {
    const { random, space, model } = this;
    const queries = Array.from({ length: 1 + random.int(3) }, () => this.query());
    const k = 1 + random.int(random.chance(0.1) ? 500 : 12);
    const options = { k, listSize: Math.max(64, k), exact, withVector: random.chance(0.3), withPayload: true };
    const found = await this.target.searchBatch(Float32Array.from(queries.flat()), options);
    assert.equal(found.length, queries.length);
    for (const [at, query] of queries.entries()) {
      const hits = found[at] as ScoredPoint[];
      const ranking = model.ranking(query);
      const wanted = Math.min(k, ranking.length);
      const last = ranking[wanted - 1]?.distance ?? 0;
      const label = `${exact ? 'exact' : 'approximate'} search, k ${k}, query ${JSON.stringify(query)}`;
      this.checks.hits(hits, new Map(ranking.map(({ id, distance }) => [id, distance])), label, options.withVector);
      const near = hits.filter(({ distance }) => distance <= last + tolerance(space, last)).length;
      if (exact) assert.deepEqual([hits.length, near], [wanted, wanted], `${label}: hits, and those near enough`);
      else {
        this.recall.found += near;
        this.recall.wanted += wanted;
        this.recall.queries += 1;
      }
    }
  }

  private async retrieve(): Promise<void> {
    const { model, writes, random } = this;
    const ids = Array.from({ length: random.int(30) }, () => writes.existingId(model));
    const withVector = random.chance(0.5);
    const found = await this.target.retrieve(ids, { withVector });
    assert.deepEqual(
      found.map(({ id }) => id),
      ids.filter((id) => model.points.has(id)),
      'retrieve: ids',
    );
    for (const point of found) this.checks.point(point, 'retrieve', withVector);
  }

  private async scrollPage(): Promise<void> {
    const { model, writes, random } = this;
    const from = random.chance(0.5) ? writes.id() : undefined;
    const limit = 1 + random.int(40);
    const page = await this.target.scrollPage(limit, { ...(from === undefined ? {} : { from }) });
    const all = model.ids().filter((id) => from === undefined || compareIds(id, from) >= 0);
    assert.deepEqual(
      page.points.map(({ id }) => id),
      all.slice(0, limit),
      'scrollPage: ids',
    );
    assert.equal(page.next, all[limit] ?? null, 'scrollPage: next');
    for (const point of page.points) this.checks.point(point, 'scrollPage', false);
  }

  /** Search, count and a page of the points that match a filter, against the model's own points that do. */
  private async filtered(): Promise<void> {
    const { model, random, space } = this;
    const filter = this.filter();
    const matching = (id: PointId): boolean => naiveMatches(filter, id, model.points.get(id)?.payload ?? null);
    const ids = model.ids().filter(matching);
    const label = `filter ${show(filter)}`;
    assert.equal(await this.target.countWhere(filter), ids.length, `${label}: count`);
    const limit = 1 + random.int(20);
    const page = await this.target.scrollPage(limit, { filter });
    assert.deepEqual(
      page.points.map(({ id }) => id),
      ids.slice(0, limit),
      `${label}: page`,
    );
    assert.equal(page.next, ids[limit] ?? null, `${label}: next`);
    const query = this.query();
    const k = 1 + random.int(12);
    const exact = random.chance(0.5);
    const strategy = random.pick(['auto', 'codes', 'walk', 'post'] as const);
    const hits = await this.target.search(query, { k, filter, exact, strategy, withPayload: true });
    const ranking = model.ranking(query).filter(({ id }) => matching(id));
    this.checks.hits(hits, new Map(ranking.map(({ id, distance }) => [id, distance])), label, false);
    assert.equal(hits.length, Math.min(k, ids.length), `${label}: hits`);
    const last = ranking[hits.length - 1]?.distance ?? 0;
    const near = hits.filter(({ distance }) => distance <= last + tolerance(space, last)).length;
    if (exact) assert.equal(near, hits.length, `${label}: exact hits near enough`);
  }

  /** Makes or drops the index of a field, maybe while points are written; facets and order where there is one. */
  private async fields(): Promise<void> {
    const { random } = this;
    const [key, ...types] = random.pick<[string, ...FieldType[]]>([
      ['group', 'keyword', 'keyword', 'text'],
      ['n', 'integer', 'integer', 'keyword', 'datetime'],
    ]);
    if (random.chance(0.2)) {
      const had = this.target.fieldIndexes().some((field) => field.key === key);
      assert.equal(await this.target.dropFieldIndex(key), had, `drop the index of ${key}`);
      return;
    }
    const type = random.pick(types);
    const { built } = await this.target.createFieldIndex(key, type);
    if (random.chance(0.5)) await this.write();
    if (random.chance(0.7)) await built;
    const [field] = this.target.fieldIndexes().filter((status) => status.key === key);
    assert.equal(field?.schema.type, type);
    if (random.chance(0.3)) await this.target.flush();
    await this.target.fieldIndexesBuilt();
    if (type === 'keyword') await this.checks.facet(this.target, key, this.filter());
    if (type !== 'integer') return;
    const [direction, limit] = [random.pick(['asc', 'desc'] as const), 1 + random.int(30)];
    await this.checks.order(this.target, key, this.filter(), { direction, limit });
  }

  /** Merges or rebuilds, maybe while points are written, or takes that back: nothing that is asked changes. */
  private async job(): Promise<void> {
    const { random, target } = this;
    const options = { force: true };
    const jobs = [
      () => target.compact(options),
      () => target.rebuild(options),
      () => target.rollback().catch((error: VamanaError) => assert.equal(error.code, 'NOT_FOUND')),
    ];
    const job = random.pick(jobs)();
    if (random.chance(0.5)) await this.write();
    if (random.chance(0.3)) await target.flush();
    await job;
    assert.ok(
      target.jobs().every(({ state, error }) => state === 'DONE' || error !== null),
      'jobs have ended',
    );
    if (random.chance(0.3)) assert.deepEqual((await target.verify()).problems, []);
  }

  private filter(): Record<string, unknown> {
    const { random, model } = this;
    const group = { key: 'group', match: { any: [random.pick(['red', 'green', 'blue']), 'green'] } };
    const range = { key: 'n', range: { gte: random.int(500), lt: 200 + random.int(900) } };
    const some = { has_id: Array.from({ length: random.int(30) }, () => this.writes.existingId(model)) };
    return random.pick<Record<string, unknown>>([
      { must: group },
      { must: [group, range] },
      { must_not: [range] },
      { should: [some, range] },
      { must: some, must_not: group },
      { must: [{ is_empty: { key: 'n' } }] },
      {},
    ]);
  }

  private async deleteWhere(): Promise<void> {
    const { model, random } = this;
    const group = random.pick(['red', 'green', 'blue']);
    const limit = random.int(1000);
    const matches = (point: { payload: unknown }): boolean => {
      const payload = point.payload as { group?: string; n?: number } | null;
      return payload?.group === group && (payload.n ?? 0) < limit;
    };
    const filter = { must: [{ key: 'group', match: { value: group } }], must_not: { key: 'n', range: { gte: limit } } };
    const byFilter = random.chance(0.5);
    const gone = model.ids().filter((id) => {
      const point = model.points.get(id) as { payload: Record<string, unknown> | null };
      return byFilter ? naiveMatches(filter, id, point.payload) : matches(point);
    });
    const deleted = byFilter ? this.target.deleteMatching(filter) : this.target.deleteWhere(matches);
    assert.equal(await deleted, gone.length, 'deleteWhere');
    for (const id of gone) model.points.delete(id);
    // How many batches it takes is its own business.
    const { seq } = this.target.status();
    assert.ok(seq >= model.seq && seq <= model.seq + gone.length);
    model.seq = seq;
  }

  private async reopen(): Promise<void> {
    await this.database?.close();
    this.collection = undefined;
    this.database = await open(this.dir, this.runtime());
    this.collection = await this.database.collection('model');
    assert.equal(this.target.status().seq, this.model.seq, 'seq after opening again');
    await this.checks.all(this.target, this.random.chance(0.5));
  }

  private query(): number[] {
    const { random, model } = this;
    const near = random.chance(0.4) ? model.points.get(this.writes.existingId(model)) : undefined;
    return [...(near?.vector ?? this.writes.vector())];
  }
}

async function settled<T>(work: Promise<T>): Promise<T | { refused: string }> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof VamanaError) return { refused: error.code };
    throw error;
  }
}
