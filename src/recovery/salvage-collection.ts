// Brings a collection back whose log is damaged in the middle, losing what cannot be read and saying what that was.
// On a user's express command only: `vamana recover --salvage`. The collection is closed, its database locked.
//
// 1. A log that can be read to its end is left alone: nothing is to be salvaged.
// 2. What can be read of the log is read (wal/salvage.ts), and the rows that it puts are known.
// 3. Points whose rows are then in no segment and not in the log have lost their vectors (verify/check-rows.ts).
// 4. A new log is written beside the damaged one (salvage-log.ts), made durable, and takes its place; the damaged files
//    are kept in `wal.damaged-<time>`. Until then nothing was changed, and a salvage cut short is begun anew.
//
// The next opening replays the new log in the ordinary way. Damage to anything but the log is not for this: CORRUPT.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { CollectionConfig } from '../config/collection-config.js';
import { spacesOf } from '../config/spaces.js';
import { exists } from '../disk/file-copy.js';
import { CollectionPaths, isImportRecord, temporaryName } from '../disk/file-names.js';
import type { Storage } from '../disk/storage.js';
import { asVamanaError, VamanaError } from '../errors.js';
import type { Manifest } from '../manifest/manifest.js';
import { ManifestStore } from '../manifest/manifest-store.js';
import type { MetaSnapshot } from '../meta/meta-snapshot.js';
import { openMetaStore } from '../meta/meta-store.js';
import type { PointId } from '../payload/point.js';
import { checkRows } from '../verify/check-rows.js';
import { LogRows } from '../verify/log-rows.js';
import { endRowOf, withLog, withSegments } from '../verify/verify-collection.js';
import { NewLog } from '../wal/copy-wal.js';
import { finishReplacing, replaceLog } from '../wal/replace-log.js';
import { type SalvageReport, salvageWal } from '../wal/salvage.js';
import { readWal, type WalLocation } from '../wal/wal-reader.js';
import { SalvagedLog } from './salvage-log.js';

export interface CollectionSalvage {
  /** Null when the log can be read to its end: nothing was done. */
  problem: string | null;
  /** Where the damaged files are kept now. */
  keptIn: string | null;
  /** Records read, bytes that could not be used, and numbers of records that are lost. */
  log: SalvageReport | null;
  /** Points whose vectors were lost; they are deleted. */
  lostPoints: PointId[];
  /** Changes left out, since the points that they change were lost. */
  droppedChanges: number;
}

/** CORRUPT for damage outside of the log, TOO_NEW, DISK_FULL, IO. */
export async function salvageCollection(dir: string, storage: Storage): Promise<CollectionSalvage> {
  const paths = new CollectionPaths(dir);
  const { current } = await ManifestStore.open<CollectionConfig>(storage, dir);
  await finishReplacing(storage, paths.walDir);
  if (current.flushedSeq > 0 && !(await exists(join(paths.metaDir, 'data.mdb')))) {
    const problem = `${join(paths.metaDir, 'data.mdb')} is missing, which no salvage of the log brings back`;
    throw new VamanaError('CORRUPT', `${problem}; restore a snapshot`);
  }
  const meta = openMetaStore(paths.metaDir);
  const snapshot = meta.snapshot();
  try {
    return await new Salvage(storage, paths, current, snapshot).run();
  } finally {
    snapshot.release();
    await meta.close();
  }
}

class Salvage {
  private readonly location: WalLocation;
  /** The first record that recovery needs. */
  private readonly from: number;

  constructor(
    private readonly storage: Storage,
    private readonly paths: CollectionPaths,
    private readonly manifest: Manifest<CollectionConfig>,
    private readonly meta: MetaSnapshot,
  ) {
    this.location = { storage, walDir: paths.walDir, collection: manifest.uuid };
    this.from = Math.min(manifest.flushedSeq, meta.seq) + 1;
  }

  async run(): Promise<CollectionSalvage> {
    const problem = await this.findDamage();
    if (problem === null) return { problem, keptIn: null, log: null, lostPoints: [], droppedChanges: 0 };
    const lost = await this.findLostPoints();
    const walDir = temporaryName(this.paths.walDir);
    await rm(walDir, { recursive: true, force: true });
    const log = await NewLog.create({ ...this.location, walDir }, this.from);
    let report: SalvageReport;
    let lostPoints: PointId[];
    const salvaged = new SalvagedLog(log, this.meta);
    try {
      report = await salvageWal(this.location, this.from, (record) => salvaged.add(record));
      lostPoints = await salvaged.finish(lost);
    } finally {
      await log.close();
    }
    // An import that went on where it had stopped would leave out what was lost.
    for (const name of await this.storage.list(this.paths.dir)) {
      if (isImportRecord(name)) await this.storage.unlink(join(this.paths.dir, name));
    }
    const keptIn = this.paths.damagedWal(new Date());
    await replaceLog(this.storage, this.paths.walDir, keptIn);
    return { problem, keptIn, log: report, lostPoints, droppedChanges: salvaged.dropped };
  }

  private async findDamage(): Promise<string | null> {
    let last = this.from - 1;
    try {
      for await (const { seq } of readWal(this.location, { from: this.from })) last = seq;
    } catch (thrown) {
      const error = asVamanaError(thrown);
      if (error.code !== 'CORRUPT' && error.code !== 'IO') throw error;
      return error.message;
    }
    if (last >= this.meta.seq) return null;
    return `${this.paths.walDir}: the log ends with record ${last}; the metadata has applied ${this.meta.seq}`;
  }

  private async findLostPoints(): Promise<{ id: PointId; row: number }[]> {
    const { manifest, meta } = this;
    const fresh = spacesOf(manifest.config).map(({ number }) => new LogRows(manifest.flushedSeq, meta.seq, number));
    await salvageWal(this.location, this.from, (record) => {
      for (const rows of fresh) rows.add(record);
    });
    // By row: a point may have lost its vectors in several spaces.
    const lost = new Map<number, { id: PointId; row: number }>();
    await withSegments(manifest, this.paths, async (spaces) => {
      for (const { space, parts } of withLog(spaces, fresh)) {
        for await (const { code, id, row } of checkRows(meta, parts, endRowOf(manifest), { space })) {
          if (code === 'ROW_LOST' && id !== undefined) lost.set(row, { id, row });
        }
      }
    });
    return [...lost.values()];
  }
}
