// Merges and rebuilds of a collection while it is searched and written: one job at a time, which makes a segment of
// several (or of all) of one vector space, has it pass the gates, and lets it take their place. What is searched does not change before that.
//
// 1. Between two groups of writes: the segments, a snapshot and the rows that live are taken down.
// 2. The new segment is made of the rows that live (RUNNING). Rows that die meanwhile are in it, and are dead there as
//    they were before: a snapshot's dead rows stay dead wherever they are. Rows that come are in deltas and other
//    segments. So there is nothing to catch up with.
// 3. Old and new are searched side by side (VALIDATING); see src/rebuild/gates.ts.
// 4. Between two groups of writes: the manifest that names the new segment, and the old ones as retired, is made durable,
//    and a snapshot with the new one is published (SWAPPING). Searches never wait, writes for this step only.
// 5. The retired segments leave memory once no search has them; their files stay for the time of grace. Rolling back is
//    the same exchange the other way round: rows keep their numbers, so what was written since stays.
//
// A process that ends in 2 or 3 leaves a folder that recovery removes; in 4 the manifest says which it was.
import type { NativeSegment, NativeSnapshot, NativeThrottle } from '../binding.js';
import type { RoaringBitmap32 } from '../bitmap.js';
import type { CommitQueue } from '../commit-queue/commit-queue.js';
import type { CollectionConfig, SpaceConfig } from '../config/collection-config.js';
import type { Runtime } from '../config/runtime-options.js';
import { FIRST_SPACE, hasNames, spaceNumbered, spaceOf, spacesOf, withSpace } from '../config/spaces.js';
import type { CollectionPaths } from '../disk/file-names.js';
import type { Storage } from '../disk/storage.js';
import { asVamanaError, VamanaError } from '../errors.js';
import type { RetiredGeneration, SegmentEntry } from '../manifest/manifest.js';
import type { ManifestStore } from '../manifest/manifest-store.js';
import type { LiveRows } from '../read/live-rows.js';
import { type GateResult, runGates } from '../rebuild/gates.js';
import { type HealthReport, measureHealth, recallProblem } from '../rebuild/health.js';
import { hasEnded, type Job, type JobKind, type JobLog } from '../rebuild/job.js';
import { chooseMerge, type MergeChoice, mergeAll, type SegmentFacts, tombstoneRatio } from '../rebuild/merge-policy.js';
import { createThrottle, mergeSegments } from '../segment/merge-segments.js';
import type { RatedProgress } from '../segment/stage-rate.js';
import type { SnapshotCell } from '../snapshot/collection-snapshot.js';
import { segmentEntry } from '../write/flush.js';
import type { Generations, OpenSegment } from './generations.js';
import type { Parts } from './parts.js';
import type { VectorSpace } from './vector-space.js';

export interface LifecycleTarget {
  /** Of the collection. */
  name: string;
  storage: Storage;
  paths: CollectionPaths;
  manifests: ManifestStore<CollectionConfig>;
  runtime: Runtime;
  parts: Parts;
  snapshots: SnapshotCell;
  live: LiveRows;
  jobs: JobLog;
  queue: CommitQueue;
  generations: Generations;
  /** Of segments; shared with flushes. */
  takeNumber(): number;
  /** Of the last seconds; 0 where there were hardly any. */
  searchP99Ms(): number;
  /** Queries that the space of that number was asked lately. */
  recent(space: number): { bytes: Uint8Array; count: number };
}

export interface JobOptions {
  /** The vector space whose segments are worked on; all, one after another, by default. */
  space?: string;
  /** Exchange segments whatever the gates say. */
  force?: boolean;
  signal?: AbortSignal;
  onProgress?: (progress: RatedProgress) => void;
}

/**
 * Of a rebuild: what the new graph and codes are like; as the collection was made by default. Segments that are written
 * later are of the same kind.
 */
export interface RebuildOptions extends JobOptions {
  degree?: number;
  buildList?: number;
  alpha?: number;
  code?: 'pq' | 'rabitq' | 'auto';
  codeBytes?: number;
}

/** A job, and how far it is; null once it has ended. */
export interface JobStatus extends Readonly<Job> {
  progress: RatedProgress | null;
}

export interface LifecycleStatus {
  state: 'ACTIVE' | 'DEGRADED' | 'REBUILDING';
  /** Of a degraded collection: what should be merged. */
  reason: string | null;
  /** Share of rows in segments that are dead. */
  tombstones: number;
  /** Of the last check; null before the first. */
  health: HealthReport | null;
  retired: RetiredGeneration[];
}

interface Running {
  job: Job;
  progress: RatedProgress | null;
  cancel: AbortController;
  done: Promise<Job>;
}

/** What step 1 takes down. */
interface Base {
  space: VectorSpace;
  entries: SegmentEntry[];
  segments: NativeSegment[];
  snapshot: NativeSnapshot;
  live: RoaringBitmap32;
  number: number;
}

/** Two failures in a row stop automatic jobs until one that was asked for succeeds. */
const FAILURES_MAX = 2;
const GIVE_WAY_MS = 250;
/** A new segment takes as many bytes as those it is made of, and some for the while. */
const DISK_FACTOR = 1.2;

export class Lifecycle {
  private running: Running | null = null;
  private timer: NodeJS.Timeout | null = null;
  private failures = 0;
  private closed = false;
  /** By the numbers of the spaces. */
  private readonly lastHealth = new Map<number, HealthReport>();
  private nextHealthMs = 0;
  /** Canary recall since segments were last exchanged, by the numbers of the spaces. */
  private readonly reference = new Map<number, number | null>();

  constructor(private readonly target: LifecycleTarget) {}

  /** Once the collection is open: what is overdue is removed, and automatic jobs begin. */
  start(): void {
    const { auto, checkIntervalMs } = this.target.runtime.maintenance;
    if (!auto) return;
    this.nextHealthMs = performance.now() + this.target.runtime.maintenance.healthIntervalMs;
    // What becomes of it is in the history.
    this.timer = setInterval(() => void this.check().catch(() => undefined), checkIntervalMs).unref();
  }

  /** Merges all segments into one that keeps the graph of the largest. Null where there is nothing to merge. */
  compact(options: JobOptions = {}): Promise<Job | null> {
    return this.beginAll('major', options);
  }

  /** Builds a new graph and new codes from all segments. Null where there are none. */
  rebuild(options: RebuildOptions = {}): Promise<Job | null> {
    return this.beginAll('rebuild', options);
  }

  /**
   * Puts the segments back that a job replaced: those of the last one, or of the segment with this number. NOT_FOUND
   * where none are kept, INVALID_ARGUMENT where they were replaced again since.
   */
  async rollback(number?: number): Promise<RetiredGeneration> {
    this.requireIdle('roll back');
    return this.target.generations.rollBack(number);
  }

  /** Asks a job to end. False where it has ended, or is none. */
  cancel(id: number): boolean {
    if (this.running?.job.id !== id) return false;
    this.running.cancel.abort();
    return true;
  }

  /** Measures recall, dead rows and segments of a space: some seconds of searching. */
  async checkHealth(name?: string): Promise<HealthReport> {
    const { snapshots, live, manifests } = this.target;
    const { number } = spaceOf(manifests.current.config, name);
    const facts = this.facts(this.target.parts.of(number));
    const snapshot = snapshots.acquire();
    try {
      const reference = this.reference.get(number) ?? null;
      const report = await measureHealth(snapshot.native(number), live.rows.clone(), facts, reference);
      this.lastHealth.set(number, report);
      this.reference.set(number, report.reference);
      return report;
    } finally {
      snapshot.release();
    }
  }

  jobs(): JobStatus[] {
    const { running } = this;
    return this.target.jobs.jobs.map((job) => ({ ...job, progress: running?.job === job ? running.progress : null }));
  }

  status(): LifecycleStatus {
    const { spaces } = this.target.parts;
    const facts = spaces.map((space) => this.facts(space));
    const { thresholds } = this.target.runtime.maintenance;
    const due = facts.map((own) => chooseMerge(own, thresholds)).find((choice) => choice !== null) ?? null;
    const health = this.lastHealth.get(spaces[0]?.number ?? FIRST_SPACE) ?? null;
    const state = this.running !== null ? 'REBUILDING' : due !== null ? 'DEGRADED' : 'ACTIVE';
    const { retired = [] } = this.target.manifests.current;
    return { state, reason: due?.reason ?? null, tombstones: tombstoneRatio(facts.flat()), health, retired };
  }

  /** Before flusher and queue: ends the job in flight. */
  async close(): Promise<void> {
    this.closed = true;
    if (this.timer !== null) clearInterval(this.timer);
    this.running?.cancel.abort();
    await this.running?.done.catch(() => undefined);
  }

  /** What should be done, begun. */
  private async check(): Promise<void> {
    if (this.closed || this.running !== null || this.failures >= FAILURES_MAX) return;
    const { thresholds, healthIntervalMs } = this.target.runtime.maintenance;
    for (const space of this.target.parts.spaces) {
      const choice = chooseMerge(this.facts(space), thresholds);
      if (choice === null) continue;
      await this.begin(space, choice, choice.kind, {});
      return;
    }
    if (performance.now() < this.nextHealthMs) return;
    this.nextHealthMs = performance.now() + healthIntervalMs;
    for (const space of [...this.target.parts.spaces]) {
      const problem = recallProblem(await this.checkHealth(space.shape.name), thresholds.recallDrop);
      if (problem !== null) await this.begin(space, mergeAll(this.facts(space), problem), 'rebuild', {});
    }
  }

  private facts(space: VectorSpace): SegmentFacts[] {
    const { snapshots, manifests } = this.target;
    const numbers = new Map(manifests.current.segments.map(({ uuid, number }) => [uuid, number]));
    const native = snapshots.peek().native(space.number);
    return space.segments.map((segment) => {
      const only = native.next({ segments: [segment], deltas: [] });
      try {
        const number = numbers.get(segment.info.uuid) as number;
        return { number, rows: segment.rows.count, liveRows: only.liveRows };
      } finally {
        only.close();
      }
    });
  }

  /** On request: of one space, or of each that has segments. The last job. */
  private async beginAll(kind: JobKind, options: RebuildOptions): Promise<Job | null> {
    const { manifests, parts } = this.target;
    const { config } = manifests.current;
    const spaces = options.space === undefined ? spacesOf(config) : [spaceOf(config, options.space)];
    let last: Job | null = null;
    for (const { number } of spaces) {
      const space = parts.of(number);
      const job = await this.begin(space, mergeAll(this.facts(space), 'asked for'), kind, options);
      last = job ?? last;
    }
    return last;
  }

  private async begin(
    space: VectorSpace,
    choice: MergeChoice | null,
    kind: JobKind,
    options: RebuildOptions,
  ): Promise<Job | null> {
    this.requireIdle('begin a job');
    if (choice === null) return null;
    const { jobs, manifests } = this.target;
    const job: Job = {
      id: jobs.nextId,
      kind,
      state: 'RUNNING',
      reason: choice.reason,
      ...(hasNames(manifests.current.config) ? { space: space.shape.name } : {}),
      segments: choice.segments,
      into: null,
      startedAt: new Date().toISOString(),
      endedAt: null,
      error: null,
      force: options.force === true,
      gates: [],
      rows: null,
      pausedMs: null,
      swapMs: null,
    };
    const cancel = new AbortController();
    const running: Running = { job, progress: null, cancel, done: Promise.resolve(job) };
    this.running = running;
    running.done = this.run(running, space, options).finally(() => {
      this.running = null;
    });
    return running.done;
  }

  private async run(running: Running, space: VectorSpace, options: RebuildOptions): Promise<Job> {
    const { job, cancel } = running;
    const signal = options.signal === undefined ? cancel.signal : AbortSignal.any([cancel.signal, options.signal]);
    try {
      await this.enter(job, 'RUNNING');
      await this.work(running, space, options, signal);
      this.failures = 0;
      await this.enter(job, 'DONE');
      return job;
    } catch (thrown) {
      const error = asVamanaError(thrown);
      job.error = error.message;
      if (error.code !== 'ABORTED' && error.code !== 'CLOSED') this.failures += 1;
      await this.enter(job, error.code === 'ABORTED' ? 'CANCELLED' : 'FAILED').catch(() => undefined);
      throw error;
    }
  }

  private async work(
    running: Running,
    space: VectorSpace,
    options: RebuildOptions,
    signal: AbortSignal,
  ): Promise<void> {
    const { job } = running;
    const base = await this.target.queue.run(() => this.takeDown(space, job.segments));
    let made: OpenSegment | null = null;
    try {
      if (this.livesIn(base)) {
        made = await this.make(running, base, options, signal);
        job.rows = made.entry.rows;
        job.into = made.entry.number;
        await this.enter(job, 'VALIDATING');
        job.gates = await this.judge(base, made);
        signal.throwIfAborted();
        requireGates(job);
      }
      await this.enter(job, 'SWAPPING');
      this.reference.delete(space.number);
      await this.swap(job, base, made, options);
    } catch (error) {
      if (made !== null) await this.target.generations.discard(made);
      throw signal.aborted ? new VamanaError('ABORTED', 'the job was cancelled', { cause: error }) : error;
    } finally {
      base.snapshot.close();
    }
  }

  private takeDown(space: VectorSpace, numbers: readonly number[]): Base {
    const { manifests, snapshots, live } = this.target;
    const wanted = new Set(numbers);
    const entries = manifests.current.segments.filter(({ number }) => wanted.has(number));
    const uuids = new Set(entries.map(({ uuid }) => uuid));
    const segments = space.segments.filter(({ info }) => uuids.has(info.uuid));
    const snapshot = snapshots
      .peek()
      .native(space.number)
      .next({ segments: [...segments], deltas: [] });
    return { space, entries, segments, snapshot, live: live.rows.clone(), number: this.target.takeNumber() };
  }

  private livesIn({ snapshot }: Base): boolean {
    return snapshot.liveRows > 0;
  }

  private async make(
    running: Running,
    { space, segments, snapshot, number, entries }: Base,
    options: RebuildOptions,
    signal: AbortSignal,
  ): Promise<OpenSegment> {
    const { paths, manifests, runtime, storage } = this.target;
    const { store } = space;
    const bytes = DISK_FACTOR * entries.reduce((sum, entry) => sum + entry.bytes, 0);
    const { freeBytes } = await storage.freeSpace(paths.segmentsDir);
    if (freeBytes < bytes) {
      const found = `${paths.segmentsDir}: ${freeBytes} bytes are free`;
      throw new VamanaError('DISK_FULL', `${found}, the job needs about ${Math.round(bytes)}; free some space`);
    }
    const config = spaceNumbered(manifests.current.config, space.number);
    const { degree, buildList, alpha, code, codeBytes } = { ...config, ...graphOf(options) };
    const { bytesPerSecond, memoryLimit } = runtime.maintenance;
    const onProgress = (progress: RatedProgress): void => {
      running.progress = progress;
      options.onProgress?.(progress);
    };
    const rebuild = running.job.kind === 'rebuild';
    const throttle = createThrottle({ bytesPerSecond });
    const letGo = this.giveWay(throttle);
    await mergeSegments(
      {
        store,
        snapshot,
        segments,
        dir: paths.segment(number),
        threads: runtime.buildThreads,
        ...(memoryLimit > 0 ? { memoryLimit } : {}),
        ...(rebuild
          ? { mode: 'rebuild', graph: { degree, buildList, alpha, code, codeBytes } }
          : { mode: 'streaming', keep: mostAlive(snapshot, segments) }),
      },
      { throttle, signal, onProgress },
    ).finally(letGo);
    const segment = await store.openSegment(paths.segment(number));
    const level = 1 + Math.max(...entries.map((entry) => entry.level));
    return { segment, entry: segmentEntry(segment, number, { level, space: space.number }) };
  }

  /** Pauses the job while searches are slow, until the function it returns is called. */
  private giveWay(throttle: NativeThrottle): () => void {
    const { p99BudgetMs } = this.target.runtime.maintenance;
    if (p99BudgetMs === 0) return () => undefined;
    const timer = setInterval(() => throttle.setPaused(this.target.searchP99Ms() > p99BudgetMs), GIVE_WAY_MS).unref();
    return () => clearInterval(timer);
  }

  private judge({ space, snapshot, segments, live }: Base, { segment }: OpenSegment): Promise<GateResult[]> {
    const { store, number } = space;
    const recent = this.target.recent(number);
    return runGates({ store, base: snapshot, live, before: segments, candidate: segment, recent });
  }

  private swap(job: Job, { space, entries }: Base, made: OpenSegment | null, options: RebuildOptions): Promise<void> {
    return this.target.queue.run(async () => {
      const began = performance.now();
      const { graceMs } = this.target.runtime.maintenance;
      const now = Date.now();
      const generation: RetiredGeneration = {
        replacedBy: made?.entry.number ?? null,
        retiredAt: new Date(now).toISOString(),
        deleteAfter: new Date(now + graceMs).toISOString(),
        segments: entries,
      };
      const { retired = [], config } = this.target.manifests.current;
      const edit = { retired: [...retired, generation], config: withSpace(config, space.number, graphOf(options)) };
      job.swapMs = await this.target.generations.exchange(entries, made === null ? [] : [made], edit);
      job.pausedMs = performance.now() - began;
    });
  }

  private async enter(job: Job, state: Job['state']): Promise<void> {
    job.state = state;
    if (hasEnded(job)) job.endedAt = new Date().toISOString();
    await this.target.jobs.save(job);
    const { id, kind, reason, error } = job;
    const { name, runtime } = this.target;
    runtime.maintenance.onTransition?.({ collection: name, id, kind, state, reason, error });
  }

  /** BUSY, CLOSED. */
  requireIdle(what: string): void {
    if (this.closed) throw new VamanaError('CLOSED', 'the collection was closed');
    if (this.running === null) return;
    const { id, kind } = this.running.job;
    throw new VamanaError('BUSY', `cannot ${what}: job ${id} (${kind}) is running; wait for it, or cancel it`);
  }
}

function mostAlive(snapshot: NativeSnapshot, segments: readonly NativeSegment[]): NativeSegment {
  const living = segments.map((segment) => {
    const only = snapshot.next({ segments: [segment], deltas: [] });
    const { liveRows } = only;
    only.close();
    return { segment, liveRows };
  });
  return living.reduce((most, one) => (one.liveRows > most.liveRows ? one : most)).segment;
}

function graphOf({ degree, buildList, alpha, code, codeBytes }: RebuildOptions): Partial<SpaceConfig> {
  const given = Object.entries({ degree, buildList, alpha, code, codeBytes }).filter(
    ([, value]) => value !== undefined,
  );
  return Object.fromEntries(given) as Partial<SpaceConfig>;
}

function requireGates({ gates, force, id }: Job): void {
  const refusing = gates.filter(({ passed }) => !passed);
  if (refusing.length === 0 || force) return;
  const found = refusing.map(({ gate, figures }) => `${gate} ${JSON.stringify(figures)}`).join(', ');
  throw new VamanaError('GATE_REFUSED', `job ${id}: the new segment did not pass: ${found}; the old ones stay`);
}
