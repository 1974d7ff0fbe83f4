// A whole collection, checked: manifest, every byte of every segment, the log to its end, the metadata, and that points
// and rows belong together. The folder must be nobody's else while it is checked (its database locked); an open
// collection is checked through Collection.verify, which pins one moment of it. Changes nothing, unless field indexes are
// to be repaired; memory is bounded, but for one field index at a time.
//
// Each step reports what it finds and the next goes on, except that rows are compared only when all parts can be read.
import { join } from 'node:path';
import { loadNative, type NativeStore } from '../binding.js';
import type { CollectionConfig } from '../config/collection-config.js';
import { FIRST_SPACE, hasNames, type Space, spacesOf } from '../config/spaces.js';
import { exists } from '../disk/file-copy.js';
import { CollectionPaths } from '../disk/file-names.js';
import type { Storage } from '../disk/storage.js';
import { asVamanaError, VamanaError } from '../errors.js';
import type { Manifest } from '../manifest/manifest.js';
import { ManifestStore } from '../manifest/manifest-store.js';
import { checkMeta } from '../meta/check-meta.js';
import type { MetaSnapshot } from '../meta/meta-snapshot.js';
import { type MetaStore, openMetaStore } from '../meta/meta-store.js';
import { verifyIndex } from '../segment/check-index.js';
import { probeSegment, type RowPart } from '../segment/row-probe.js';
import { elementBytes } from '../source/formats.js';
import type { SpaceVector } from '../wal/wal-op.js';
import { readWal, type TornTail } from '../wal/wal-reader.js';
import { checkFields, repairFields } from './check-fields.js';
import { checkRows } from './check-rows.js';
import { LogRows } from './log-rows.js';

export interface CollectionProblem {
  /** An error code, or one of meta/check-meta.ts and verify/check-rows.ts. */
  code: string;
  message: string;
}

export interface CollectionVerifyReport {
  dir: string;
  segments: number;
  /** Live points, by the metadata. */
  points: number;
  /** Records read from the log. */
  records: number;
  /** What a crash left at the end of the log and opening will cut off; no problem. */
  tornTail: TornTail | null;
  /** Of segments. */
  bytesChecked: number;
  /** Field indexes that were wrong and have been made again. */
  fieldsRepaired: number;
  problemsFound: number;
  /** The first hundred. */
  problems: CollectionProblem[];
}

export interface VerifyCollectionOptions {
  /** Make field indexes again that are wrong; of folders only. False by default: nothing is changed. */
  repair?: boolean;
  threads?: number;
  signal?: AbortSignal;
  onProgress?: (progress: { stage: string; done: number; total: number }) => void;
}

const PROBLEMS_KEPT = 100;

/** Of a folder. NOT_FOUND, ABORTED, and what keeps the check itself from running; the rest is in the report. */
export async function verifyCollectionFolder(
  dir: string,
  storage: Storage,
  options: VerifyCollectionOptions = {},
): Promise<CollectionVerifyReport> {
  const check = new CollectionCheck(new CollectionPaths(dir), storage, options);
  const { paths } = check;
  let manifest: Manifest<CollectionConfig>;
  try {
    manifest = (await ManifestStore.open<CollectionConfig>(storage, dir)).current;
  } catch (thrown) {
    if (asVamanaError(thrown).code === 'NOT_FOUND') throw thrown;
    check.report(asVamanaError(thrown));
    return check.found;
  }
  const whole = await check.segments(manifest);
  await check.guarded(async () => {
    if (!(await exists(join(paths.metaDir, 'data.mdb')))) {
      return check.withoutMeta(manifest);
    }
    const meta = openMetaStore(paths.metaDir);
    const snapshot = meta.snapshot();
    try {
      const { flushedSeq, config } = manifest;
      const fresh = spacesOf(config).map(({ number }) => new LogRows(flushedSeq, snapshot.seq, number));
      const readable = await check.log(manifest, Math.min(flushedSeq, snapshot.seq) + 1, null, fresh);
      await check.meta(snapshot);
      await check.fields(snapshot, meta);
      if (whole && readable) await check.folderRows(manifest, snapshot, fresh);
    } finally {
      snapshot.release();
      await meta.close();
    }
  });
  return check.found;
}

/** One moment of an open collection. */
export interface PinnedCollection {
  manifest: Manifest<CollectionConfig>;
  meta: MetaSnapshot;
  spaces: readonly SpaceParts[];
}

/** Where the rows of one vector space are. */
export interface SpaceParts {
  space: number;
  parts: RowPart[];
}

export async function verifyPinned(
  paths: CollectionPaths,
  storage: Storage,
  { manifest, meta, spaces }: PinnedCollection,
  options: VerifyCollectionOptions = {},
): Promise<CollectionVerifyReport> {
  const check = new CollectionCheck(paths, storage, options);
  await check.segments(manifest);
  await check.guarded(async () => {
    // Files of which nothing is needed may go meanwhile.
    if (meta.seq > manifest.flushedSeq) await check.log(manifest, manifest.flushedSeq + 1, meta.seq, []);
    await check.meta(meta);
    await check.fields(meta);
    await check.rows(manifest, meta, spaces);
  });
  return check.found;
}

class CollectionCheck {
  readonly found: CollectionVerifyReport;

  constructor(
    readonly paths: CollectionPaths,
    private readonly storage: Storage,
    private readonly options: VerifyCollectionOptions,
  ) {
    const { dir } = paths;
    const empty = { segments: 0, points: 0, records: 0, tornTail: null, bytesChecked: 0, fieldsRepaired: 0 };
    this.found = { dir, ...empty, problemsFound: 0, problems: [] };
  }

  report({ code, message }: CollectionProblem): void {
    this.found.problemsFound += 1;
    if (this.found.problems.length < PROBLEMS_KEPT) this.found.problems.push({ code, message });
  }

  /** What was thrown because something is damaged is a problem like others. */
  async guarded(work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (thrown) {
      const error = asVamanaError(thrown);
      if (!DAMAGE.has(error.code)) throw error;
      this.report(error);
      return false;
    }
  }

  /** True when all of them are sound. */
  async segments({ segments }: Manifest<CollectionConfig>): Promise<boolean> {
    const { found } = this;
    const before = found.problemsFound;
    for (const { number, rows } of segments) {
      const dir = this.paths.segment(number);
      await this.guarded(async () => {
        const report = await verifyIndex(dir, this.options);
        found.segments += 1;
        found.bytesChecked += report.bytesChecked;
        for (const problem of report.problems) this.report(problem);
        if (report.rows === rows) return;
        this.report({ code: 'CORRUPT', message: `${dir} has ${report.rows} rows; the manifest says ${rows}` });
      });
    }
    return found.problemsFound === before;
  }

  /** Records from `from` on, to the end or to `through`. True when all can be read. */
  log(
    { uuid: collection, config }: Manifest<CollectionConfig>,
    from: number,
    through: number | null,
    fresh: readonly LogRows[],
  ): Promise<boolean> {
    const { storage, found } = this;
    const lengths = new Map(spacesOf(config).map(({ number, dim, element }) => [number, dim * elementBytes(element)]));
    // Those of a space that was dropped are nobody's.
    const isWrong = ({ space, bytes }: SpaceVector): boolean => bytes.length !== (lengths.get(space) ?? bytes.length);
    const onTornTail = (tail: TornTail): void => {
      found.tornTail = tail;
    };
    return this.guarded(async () => {
      let last = from - 1;
      for await (const record of readWal({ storage, walDir: this.paths.walDir, collection }, { from, onTornTail })) {
        if (through !== null && record.seq > through) break;
        const bad = record.ops.find((op) => op.kind === 'put' && op.vectors.some(isWrong));
        if (bad !== undefined) {
          const message = `record ${record.seq} of the log puts point ${bad.id} with a vector of another length`;
          this.report({ code: 'CORRUPT', message });
        }
        for (const rows of fresh) rows.add(record);
        found.records += 1;
        last = record.seq;
        this.requireGoing();
      }
      const expected = through ?? fresh[0]?.through ?? 0;
      if (last >= expected) return;
      throw new VamanaError('CORRUPT', `${this.paths.walDir}: the log ends with record ${last}, expected ${expected}`);
    });
  }

  async meta(snapshot: MetaSnapshot): Promise<void> {
    this.found.points = snapshot.count;
    this.options.onProgress?.({ stage: 'metadata', done: 0, total: 1 });
    for await (const problem of checkMeta(snapshot, this.options.signal)) this.report(problem);
    this.options.onProgress?.({ stage: 'metadata', done: 1, total: 1 });
  }

  /** Field indexes; those that are wrong are made again where that is asked for. */
  async fields(snapshot: MetaSnapshot, meta?: MetaStore): Promise<void> {
    const wrong = new Set<number>();
    for await (const problem of checkFields(snapshot, this.options.signal)) {
      if (meta === undefined || this.options.repair !== true || problem.id === null) this.report(problem);
      else wrong.add(problem.id);
    }
    if (meta === undefined || wrong.size === 0) return;
    await repairFields(meta, wrong);
    this.found.fieldsRepaired = wrong.size;
  }

  async rows(manifest: Manifest<CollectionConfig>, meta: MetaSnapshot, spaces: readonly SpaceParts[]): Promise<void> {
    const { signal, onProgress } = this.options;
    const options = {
      ...(signal === undefined ? {} : { signal }),
      onProgress: (done: number, total: number) => onProgress?.({ stage: 'rows', done, total }),
    };
    for (const { space, parts } of spaces) {
      // Without names every point has its vector, and no record need be looked into.
      const within = hasNames(manifest.config) ? { space } : {};
      for await (const problem of checkRows(meta, parts, endRowOf(manifest), { ...options, ...within })) {
        this.report(problem);
      }
    }
  }

  async folderRows(manifest: Manifest<CollectionConfig>, meta: MetaSnapshot, fresh: readonly LogRows[]): Promise<void> {
    await this.guarded(() =>
      withSegments(manifest, this.paths, (spaces) => this.rows(manifest, meta, withLog(spaces, fresh))),
    );
  }

  /** A collection that nothing was written to yet has none. */
  async withoutMeta(manifest: Manifest<CollectionConfig>): Promise<void> {
    await this.log(manifest, 1, null, []);
    if (manifest.flushedSeq === 0 && manifest.segments.length === 0) return;
    throw new VamanaError('CORRUPT', `${join(this.paths.metaDir, 'data.mdb')} is missing; restore a snapshot`);
  }

  private requireGoing(): void {
    if (this.options.signal?.aborted === true) throw new VamanaError('ABORTED', 'the check of the log was cancelled');
  }
}

const DAMAGE: ReadonlySet<string> = new Set(['CORRUPT', 'TOO_NEW', 'TOO_OLD', 'NOT_FOUND', 'IO', 'INVALID_ARGUMENT']);

/** Above every row that a segment may have. */
export function endRowOf({ segments }: Manifest<CollectionConfig>): number {
  return segments.reduce((end, { lastRow }) => Math.max(end, lastRow + 1), 0);
}

/** Opens the segments of a manifest for as long as the work takes. */
export async function withSegments<T>(
  { config, segments }: Manifest<CollectionConfig>,
  paths: CollectionPaths,
  work: (spaces: SpaceParts[]) => Promise<T>,
): Promise<T> {
  const opened: { close(): unknown }[] = [];
  const spaces: SpaceParts[] = [];
  try {
    for (const space of spacesOf(config)) {
      const store = probeStore(space);
      opened.unshift(store);
      const parts: RowPart[] = [];
      spaces.push({ space: space.number, parts });
      for (const { number } of segments.filter((entry) => (entry.space ?? FIRST_SPACE) === space.number)) {
        const segment = await store.openSegment(paths.segment(number));
        opened.unshift(segment);
        const part = probeSegment(store, `segment ${number}`, segment);
        opened.unshift(part);
        parts.push(part);
      }
    }
    return await work(spaces);
  } finally {
    for (const each of opened) await each.close();
  }
}

/** With the rows of each space that are in the log only. */
export function withLog(spaces: readonly SpaceParts[], fresh: readonly LogRows[]): SpaceParts[] {
  return spaces.map(({ space, parts }) => ({
    space,
    parts: [...parts, ...fresh.filter((log) => log.space === space)],
  }));
}

// For looking up rows only: no cache, one thread.
function probeStore({ dim, element, metric }: Space): NativeStore {
  const native = loadNative();
  const { degree, buildList, queueRequests } = native.constants.defaults;
  const delta = { degree, buildList, alpha: 1 };
  return native.createStore({
    dim,
    element,
    metric,
    io: 'pread',
    threads: 1,
    inFlight: 0,
    cacheBytes: 0,
    queueRequests,
    delta,
  });
}
