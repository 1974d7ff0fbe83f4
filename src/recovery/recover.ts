// Brings a collection back from its folder, whatever became of the process that wrote it. A straight line:
//
// 0. A log that was about to take the place of a damaged one does (salvage-collection.ts).
// 1. The newest manifest says which segments there are and up to which record rows are in them (flushedSeq).
// 2. The segments are opened; their checksums and their identity are checked.
// 3. The log's end is settled: a torn tail is cut, what is left is durable. The last record of the collection is the
//    log's, or flushedSeq where the log was dropped up to there.
// 4. The metadata says up to which record it is applied (appliedSeq). Where that is above the last record, the power
//    failed under a sync policy other than `always` and the log lost its end: the metadata is taken back to the last
//    record by its undo entries. If one is missing, records are gone that were durable: CORRUPT.
// 5. The log is replayed from above the lower of flushedSeq and appliedSeq: a record above flushedSeq goes into the
//    deltas of its vector spaces, one above appliedSeq into the metadata too.
// 6. Folders of segments that the manifest does not name, retired ones included, are leftovers of builds that were cut
//    short or merged away: removed, now that all else agrees with the manifest; if it does not, they may be what is
//    missing.
// 7. The dead rows of the metadata, which are then those of the last record, go into the first snapshot.
//
// After 4 the numbers and the rows of the lost records are assigned again. Nothing holds these rows: a manifest names a
// segment only after the log is durable up to all that the segment was built on (flusher.ts), other segments are
// removed in 6, and the delta is made from the log. For the same reason the rows that come to live again are held by
// a segment or the log.
//
// Repeating it changes nothing: a record applied twice is harmless, what was replayed is applied, and a roll-back that
// was cut short goes on. Damage is an error that names file and place; nothing is skipped.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { NativeDelta, NativeSegment, NativeStore } from '../binding.js';
import type { CollectionConfig } from '../config/collection-config.js';
import { FIRST_SPACE, type Space } from '../config/spaces.js';
import type { Runtime } from '../config/runtime-options.js';
import { type CollectionPaths, parseSegmentName, temporaryTarget } from '../disk/file-names.js';
import type { Storage } from '../disk/storage.js';
import { VamanaError } from '../errors.js';
import type { SegmentEntry } from '../manifest/manifest.js';
import type { ManifestStore } from '../manifest/manifest-store.js';
import { type MetaStore, openMetaStore } from '../meta/meta-store.js';
import { finishReplacing } from '../wal/replace-log.js';
import type { WalRecord } from '../wal/wal-op.js';
import { readWal, type WalLocation } from '../wal/wal-reader.js';
import { WalWriter } from '../wal/wal-writer.js';
import { RowGatherer } from '../write/row-gatherer.js';

export interface RecoveryProgress {
  stage: 'segments' | 'replay';
  done: number;
  /** Null where it is not known beforehand. */
  total: number | null;
}

export interface RecoveryInput {
  storage: Storage;
  paths: CollectionPaths;
  manifests: ManifestStore<CollectionConfig>;
  /** Of every vector space. */
  stores: readonly { space: Space; store: NativeStore }[];
  runtime: Runtime;
  onProgress?: (progress: RecoveryProgress) => void;
}

/** What is in one vector space. */
export interface RecoveredSpace {
  space: Space;
  store: NativeStore;
  segments: NativeSegment[];
  delta: NativeDelta;
}

export interface Recovered {
  spaces: RecoveredSpace[];
  dead: Uint32Array;
  meta: MetaStore;
  wal: WalWriter;
  /** Records read from the log, and bytes of its torn end that were cut. */
  replayed: number;
  cutBytes: number;
  /** Records that the log lost and the metadata had; it is as before them. */
  takenBack: number;
}

/** Records that one transaction of the metadata takes. */
const APPLY_RECORDS = 64;

export async function recover(input: RecoveryInput): Promise<Recovered> {
  const { storage, paths, manifests, stores, runtime, onProgress } = input;
  const { segments: entries, retired = [], flushedSeq, uuid } = manifests.current;
  await finishReplacing(storage, paths.walDir);
  const opened = await openSegments(stores, paths, entries, onProgress);
  const meta = openMetaStore(
    paths.metaDir,
    runtime.reserveBytes === undefined ? {} : { reserveBytes: runtime.reserveBytes },
  );
  try {
    const location: WalLocation = { storage, walDir: paths.walDir, collection: uuid };
    const wal = await WalWriter.open({
      ...location,
      // Not appliedSeq: it may be that of records which the log lost.
      after: flushedSeq,
      segmentBytes: runtime.walSegmentBytes,
      sync: runtime.sync,
    });
    try {
      const takenBack = await meta.rollBack(wal.nextSeq - 1);
      const spaces = stores.map(({ space, store }) => {
        const segments = opened.get(space.number) ?? [];
        return { space, store, segments, delta: store.createDelta() };
      });
      const from = Math.min(flushedSeq, meta.state.appliedSeq) + 1;
      const replayed = await replay(readWal(location, { from }), {
        flushedSeq,
        spaces,
        meta,
        onProgress,
      });
      await removeLeftovers(storage, paths, [...entries, ...retired.flatMap((generation) => generation.segments)]);
      const snapshot = meta.snapshot();
      const dead = snapshot.deadRows();
      snapshot.release();
      return { spaces, dead, meta, wal, replayed, cutBytes: wal.cut?.bytes ?? 0, takenBack };
    } catch (error) {
      await wal.close().catch(() => undefined);
      throw error;
    }
  } catch (error) {
    await meta.close().catch(() => undefined);
    throw error;
  }
}

interface ReplayTarget {
  flushedSeq: number;
  spaces: readonly RecoveredSpace[];
  meta: MetaStore;
  onProgress: RecoveryInput['onProgress'];
}

async function replay(records: AsyncIterable<WalRecord>, target: ReplayTarget): Promise<number> {
  const { flushedSeq, meta, onProgress } = target;
  const spaces = target.spaces.map(({ space, delta }) => ({ delta, gatherer: new RowGatherer(space) }));
  let waiting: WalRecord[] = [];
  let replayed = 0;
  const apply = async (): Promise<void> => {
    await meta.apply(waiting);
    waiting = [];
    for (const { gatherer, delta } of spaces) gatherer.moveTo(delta);
    onProgress?.({ stage: 'replay', done: replayed, total: null });
  };
  for await (const record of records) {
    if (record.seq > flushedSeq) for (const { gatherer } of spaces) gatherer.add(record);
    waiting.push(record);
    replayed += 1;
    if (waiting.length >= APPLY_RECORDS) await apply();
  }
  await apply();
  return replayed;
}

async function removeLeftovers(
  storage: Storage,
  paths: CollectionPaths,
  entries: readonly SegmentEntry[],
): Promise<void> {
  const named = new Set(entries.map(({ number }) => number));
  for (const name of await storage.list(paths.segmentsDir)) {
    const number = parseSegmentName(temporaryTarget(name) ?? name);
    if (number === null || (named.has(number) && temporaryTarget(name) === null)) continue;
    await rm(join(paths.segmentsDir, name), { recursive: true, force: true });
  }
}

/** By the numbers of their spaces. */
async function openSegments(
  stores: RecoveryInput['stores'],
  paths: CollectionPaths,
  entries: readonly SegmentEntry[],
  onProgress: RecoveryInput['onProgress'],
): Promise<Map<number, NativeSegment[]>> {
  const segments = new Map(stores.map(({ space }) => [space.number, [] as NativeSegment[]]));
  let done = 0;
  for (const entry of entries) {
    const dir = paths.segment(entry.number);
    const number = entry.space ?? FIRST_SPACE;
    const store = stores.find(({ space }) => space.number === number)?.store;
    if (store === undefined) {
      throw new VamanaError('CORRUPT', `${dir}: the manifest names it for vector space ${number}, which is none`);
    }
    const segment = await store.openSegment(dir);
    if (segment.info.uuid !== entry.uuid) {
      throw new VamanaError('CORRUPT', `${dir} is segment ${segment.info.uuid}; the manifest names ${entry.uuid}`);
    }
    segments.get(number)?.push(segment);
    done += 1;
    onProgress?.({ stage: 'segments', done, total: entries.length });
  }
  return segments;
}
