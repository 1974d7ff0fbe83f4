// Merges and rebuilds of a collection while it is searched and written: one job at a time, which makes a segment of
// several (or of all) of one vector space, has it pass the gates, and lets it take their place. What is searched does
// not change before that.
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
// A process that ends in 2 or 3 leaves a folder that recovery removes; in 4 the manifest says which it was. What begins by
// itself is automation.ts.
import type { NativeSegment, NativeSnapshot } from '../binding.js';
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
import { type HealthReport, measureHealth } from '../rebuild/health.js';
import { hasEnded, type Job, type JobLog, NOTHING_YET } from '../rebuild/job.js';
import { type MergeChoice, mergeAll, mergesDue, type SegmentFacts, tombstoneRatio } from '../rebuild/merge-policy.js';
import { type MergeInput, type MergeReport, mergeSegments, planMerge } from '../segment/merge-segments.js';
import type { RatedProgress } from '../segment/stage-rate.js';
import type { SnapshotCell } from '../snapshot/collection-snapshot.js';
import { segmentEntry } from '../write/flush.js';
import { Automation } from './automation.js';
import { SpaceAutomations } from './space-automations.js';
import type { Generations, OpenSegment } from './generations.js';
import { JobPace, type PauseReason } from './job-pace.js';
import { mostAlive, requireGates } from './job-steps.js';
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

/** A job, how far it is (null once it has ended), and why it stands still, if it does. */
export interface JobStatus extends Readonly<Job> {
  progress: RatedProgress | null;
  pauses: PauseReason[];
}

export interface LifecycleStatus {
  /** CREATED: nothing is in segments. */
  state: 'CREATED' | 'ACTIVE' | 'DEGRADED' | 'REBUILDING';
  /** Of a degraded collection: what should be merged. */
  reason: string | null;
  /** Why no job begins by itself any more; null while they do. */
  alarm: string | null;
  /** Share of rows in segments that are dead. */
  tombstones: number;
  /** Of the last check; null before the first. */
  health: HealthReport | null;
  retired: RetiredGeneration[];
}

interface Running {
  job: Job;
  progress: RatedProgress | null;
  pace: JobPace;
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
  /** The last record that it is of. */
  seq: number;
  number: number;
}

/** A new segment takes as many bytes as those it is made of, and some for the while. */
const DISK_FACTOR = 1.2;
/** Of fewer rows that a merge inserted, the error of their codes says little. */
const DRIFT_ROWS_MIN = 1000;

export class Lifecycle {
  private running: Running | null = null;
  private closed = false;
  /** By the numbers of the spaces. */
  private readonly lastHealth = new Map<number, HealthReport>();
  private readonly automations = new SpaceAutomations();

  constructor(private readonly target: LifecycleTarget) {
    this.followSpaces();
  }

  /** Once the collection is open. */
  start(): void {
    this.automations.start();
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

  /** Has a job stand still, or go on. False where it has ended, or is none. */
  pause(id: number, paused: boolean): boolean {
    if (this.running?.job.id !== id) return false;
    this.running.pace.setPaused(paused);
    return true;
  }

  /** Measures recall, dead rows and segments of a space: some seconds of searching. */
  async checkHealth(name?: string, signal?: AbortSignal): Promise<HealthReport> {
    const { snapshots, live, manifests, parts } = this.target;
    const space = parts.of(spaceOf(manifests.current.config, name).number);
    const snapshot = snapshots.acquire();
    try {
      const native = snapshot.native(space.number);
      const reference = this.referenceOf(space);
      const report = await measureHealth(native, live.rows.clone(), this.facts(space), reference, signal);
      this.lastHealth.set(space.number, report);
      return report;
    } finally {
      snapshot.release();
    }
  }

  jobs(): JobStatus[] {
    const { running } = this;
    return this.target.jobs.jobs.map((job) => {
      const itself = running?.job === job ? running : null;
      return { ...job, progress: itself?.progress ?? null, pauses: itself?.pace.pauses ?? [] };
    });
  }

  status(): LifecycleStatus {
    const { spaces } = this.target.parts;
    const facts = spaces.map((space) => this.facts(space));
    const [due] = facts.flatMap((own) => mergesDue(own, this.target.runtime.maintenance.thresholds));
    const rest = facts.every(({ length }) => length === 0) ? 'CREATED' : due === undefined ? 'ACTIVE' : 'DEGRADED';
    const { retired = [] } = this.target.manifests.current;
    return {
      state: this.running === null ? rest : 'REBUILDING',
      reason: due?.reason ?? null,
      alarm: this.automations.alarm,
      tombstones: tombstoneRatio(facts.flat()),
      health: this.lastHealth.get(spaces[0]?.number ?? FIRST_SPACE) ?? null,
      retired,
    };
  }

  /** Before flusher and queue: ends the job in flight. */
  async close(): Promise<void> {
    this.closed = true;
    this.automations.stop();
    this.running?.cancel.abort();
    await this.running?.done.catch(() => undefined);
  }

  /** Spaces came or went. */
  followSpaces(): void {
    this.automations.follow(this.target.parts.spaces, (space) => this.automationOf(space));
  }

  private automationOf(space: VectorSpace): Automation {
    const { runtime, jobs } = this.target;
    return new Automation({
      maintenance: runtime.maintenance,
      jobs,
      isOwn: (job) => this.isOf(job, space),
      facts: () => this.facts(space),
      health: () => this.lastHealth.get(space.number) ?? null,
      isBusy: () => this.closed || this.running !== null,
      begin: (choice) => this.begin(space, choice, {}),
      checkHealth: () => this.checkHealth(space.shape.name),
    });
  }

  private isOf({ space }: Job, { shape }: VectorSpace): boolean {
    return (space ?? '') === shape.name;
  }

  /** Canary recall when the generation was published, or at the first look since; null before. */
  private referenceOf(space: VectorSpace): number | null {
    const { jobs } = this.target.jobs;
    const last = jobs.findLast((job) => job.kind !== 'minor' && job.state === 'DONE' && this.isOf(job, space));
    return last?.recall ?? this.lastHealth.get(space.number)?.reference ?? null;
  }

  private facts(space: VectorSpace): SegmentFacts[] {
    const { snapshots, manifests } = this.target;
    const numbers = new Map(manifests.current.segments.map(({ uuid, number }) => [uuid, number]));
    const native = snapshots.peek().native(space.number);
    return space.segments.map((segment) => {
      const only = native.next({ segments: [segment], deltas: [] });
      try {
        const number = numbers.get(segment.info.uuid) as number;
        const { builtRows, drift } = this.builtOf(number, segment);
        return { number, rows: segment.rows.count, liveRows: only.liveRows, builtRows, drift };
      } finally {
        only.close();
      }
    });
  }

  /** What the graph and the codes of a segment were built of. */
  private builtOf(number: number, { rows }: NativeSegment): { builtRows: number; drift: number | null } {
    const { builtRows = null, drift = null } = this.target.jobs.maker(number) ?? {};
    return { builtRows: builtRows ?? rows.count, drift };
  }

  /** On request: of one space, or of each that has segments. The last job. */
  private async beginAll(kind: MergeChoice['kind'], options: RebuildOptions): Promise<Job | null> {
    const { manifests, parts } = this.target;
    const { config } = manifests.current;
    const spaces = options.space === undefined ? spacesOf(config) : [spaceOf(config, options.space)];
    let last: Job | null = null;
    for (const { number } of spaces) {
      const space = parts.of(number);
      last = (await this.begin(space, mergeAll(this.facts(space), kind, 'asked for'), options)) ?? last;
    }
    return last;
  }

  private async begin(space: VectorSpace, choice: MergeChoice | null, options: RebuildOptions): Promise<Job | null> {
    this.requireIdle('begin a job');
    if (choice === null) return null;
    const { jobs, runtime, searchP99Ms, manifests } = this.target;
    const job: Job = {
      ...NOTHING_YET,
      id: jobs.nextId,
      kind: choice.kind,
      state: 'RUNNING',
      reason: choice.reason,
      trigger: choice.trigger,
      ...(hasNames(manifests.current.config) ? { space: space.shape.name } : {}),
      segments: choice.segments,
      startedAt: new Date().toISOString(),
      force: options.force ?? false,
    };
    const keepsToOffPeak = choice.trigger !== null && choice.kind !== 'minor';
    const { auto, thresholds } = runtime.maintenance;
    const others = (): number => space.segments.length - choice.segments.length;
    const isUrgent = (): boolean => choice.kind === 'minor' || (auto && others() > thresholds.smallSegments);
    const pace = new JobPace(runtime.maintenance, { keepsToOffPeak, isUrgent }, searchP99Ms);
    const running: Running = { job, progress: null, pace, cancel: new AbortController(), done: Promise.resolve(job) };
    this.running = running;
    running.done = this.run(running, space, options).finally(() => {
      pace.end();
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
      await this.enter(job, 'DONE');
      return job;
    } catch (thrown) {
      const error = asVamanaError(thrown);
      job.error = error.message;
      const cancelled = error.code === 'ABORTED' || error.code === 'CLOSED';
      await this.enter(job, cancelled ? 'CANCELLED' : 'FAILED').catch(() => undefined);
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
      await this.swap(job, base, made, options);
    } catch (error) {
      if (made !== null) await this.target.generations.discard(made);
      throw signal.aborted ? new VamanaError('ABORTED', 'the job was cancelled', { cause: error }) : error;
    } finally {
      base.snapshot.close();
    }
    if (job.kind === 'minor') return;
    // What the health is compared with from now on. Whatever comes of that, the job is done.
    this.lastHealth.delete(space.number);
    job.recall = await this.checkHealth(space.shape.name, signal).then(
      ({ recall }) => recall,
      () => null,
    );
  }

  private takeDown(space: VectorSpace, numbers: readonly number[]): Base {
    const { manifests, snapshots, live } = this.target;
    const wanted = new Set(numbers);
    const entries = manifests.current.segments.filter(({ number }) => wanted.has(number));
    const uuids = new Set(entries.map(({ uuid }) => uuid));
    const segments = space.segments.filter(({ info }) => uuids.has(info.uuid));
    const current = snapshots.peek();
    const snapshot = current.native(space.number).next({ segments: [...segments], deltas: [] });
    const number = this.target.takeNumber();
    return { space, entries, segments, snapshot, live: live.rows.clone(), seq: current.seq, number };
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
    const { memoryLimit } = runtime.maintenance;
    const { job, pace } = running;
    const keep = mostAlive(snapshot, segments);
    const input: MergeInput = {
      store,
      snapshot,
      segments,
      dir: paths.segment(number),
      threads: runtime.buildThreads,
      ...(memoryLimit > 0 ? { memoryLimit } : {}),
      ...(job.kind === 'rebuild'
        ? { mode: 'rebuild', graph: { degree, buildList, alpha, code, codeBytes } }
        : { mode: 'streaming', keep }),
    };
    job.plannedBytes = (await planMerge(input)).peakBytes;
    const onProgress = (progress: RatedProgress): void => {
      running.progress = progress;
      options.onProgress?.(progress);
    };
    const report = await mergeSegments(input, { throttle: pace.throttle, signal, onProgress });
    const segment = await store.openSegment(paths.segment(number));
    const level = 1 + Math.max(...entries.map((entry) => entry.level));
    job.peakBytes = report.rssPeak;
    Object.assign(job, this.originOf(report, entries, keep));
    return { segment, entry: segmentEntry(segment, number, { level, space: space.number }) };
  }

  /** What the new segment's graph and codes are of, and how well the codes fit. */
  private originOf(
    report: MergeReport,
    entries: readonly SegmentEntry[],
    kept: NativeSegment,
  ): Pick<Job, 'builtRows' | 'drift'> {
    const { mode, rows, fresh, trainingError, insertedError } = report;
    if (mode === 'rebuild') return { builtRows: rows, drift: null };
    const number = entries.find(({ uuid }) => uuid === kept.info.uuid)?.number as number;
    const before = this.builtOf(number, kept);
    if (fresh < DRIFT_ROWS_MIN || trainingError === 0) return before;
    return { ...before, drift: insertedError / trainingError };
  }

  private judge({ space, snapshot, segments, live, seq }: Base, { segment }: OpenSegment): Promise<GateResult[]> {
    const { store, number } = space;
    const { memoryLimit } = this.target.runtime.maintenance;
    const recent = this.target.recent(number);
    const judged = { store, base: snapshot, live, seq, before: segments, candidate: segment, recent };
    return runGates({ ...judged, ...(memoryLimit > 0 ? { memoryLimit } : {}) });
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
    const { name, runtime, manifests, jobs } = this.target;
    await jobs.save(job, new Set(manifests.current.segments.map(({ number }) => number)));
    const { id, kind, reason, error, force } = job;
    const { alarm } = this.automations;
    runtime.maintenance.onTransition?.({ collection: name, id, kind, state, reason, error, force, alarm });
  }

  /** BUSY, CLOSED. */
  requireIdle(what: string): void {
    if (this.closed) throw new VamanaError('CLOSED', 'the collection was closed');
    if (this.running === null) return;
    const { id, kind } = this.running.job;
    throw new VamanaError('BUSY', `cannot ${what}: job ${id} (${kind}) is running; wait for it, or cancel it`);
  }
}

function graphOf({ degree, buildList, alpha, code, codeBytes }: RebuildOptions): Partial<SpaceConfig> {
  const given = Object.entries({ degree, buildList, alpha, code, codeBytes }).filter(
    ([, value]) => value !== undefined,
  );
  return Object.fromEntries(given) as Partial<SpaceConfig>;
}
