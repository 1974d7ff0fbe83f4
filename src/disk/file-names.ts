// The names in a database's folder and in those of its collections. They are made and parsed here and nowhere else:
//
//   LOCK                         held with flock while the database is open
//   collections/<name>/          a collection, which has:
//   manifest-<version>.vm        decimal, without leading zeros
//   wal/<first sequence>.wal     16 hexadecimal digits, so that names sort as their numbers
//   wal.damaged-<time>/          what a salvage of the log found; nobody's, kept for a person to look at
//   segments/<number>/           decimal, without leading zeros
//   meta/                        the LMDB environment
//   jobs/<id>.job                what merges and rebuilds did: history only
//   import-<16 hex digits>.json  how far an import has come; without it the import begins anew
//   SNAPSHOT                     in a snapshot, which is a collection's folder otherwise: the list of its files
//   <name>.tmp, <name>.tmp-<uuid>  being written; never read, overwritten or removed when found
//
// A name that is not exactly as it would be made is nobody's: parsing gives null and the file is left alone.
import { join } from 'node:path';
import { VamanaError } from '../errors.js';

export class DatabasePaths {
  readonly lock: string;
  readonly collectionsDir: string;

  constructor(readonly dir: string) {
    this.lock = join(dir, 'LOCK');
    this.collectionsDir = join(dir, 'collections');
  }

  /** INVALID_ARGUMENT for a name that no collection can have. */
  collection(name: string): string {
    if (this.isCollectionName(name)) return join(this.collectionsDir, name);
    const expected =
      '1 to 200 letters, digits, underscores, hyphens and dots, not beginning with a dot or ending in .tmp';
    throw new VamanaError('INVALID_ARGUMENT', `found collection name ${JSON.stringify(name)}, expected ${expected}`);
  }

  isCollectionName(name: string): boolean {
    return /^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,199}$/.test(name) && temporaryTarget(name) === null;
  }
}

/** The name of the list in a snapshot's folder. */
export const SNAPSHOT_LIST = 'SNAPSHOT';

export class CollectionPaths {
  readonly walDir: string;
  readonly metaDir: string;
  readonly segmentsDir: string;
  readonly jobsDir: string;
  readonly snapshotList: string;

  constructor(readonly dir: string) {
    this.walDir = join(dir, 'wal');
    this.metaDir = join(dir, 'meta');
    this.segmentsDir = join(dir, 'segments');
    this.jobsDir = join(dir, 'jobs');
    this.snapshotList = join(dir, SNAPSHOT_LIST);
  }

  manifest(version: number): string {
    return join(this.dir, `manifest-${version}.vm`);
  }

  /** Where a damaged log is kept that was replaced at that time. */
  damagedWal(time: Date): string {
    return `${this.walDir}.damaged-${time.toISOString().replaceAll(':', '-')}`;
  }

  /** `key`: 16 hexadecimal digits that stand for what is imported. */
  importRecord(key: string): string {
    return join(this.dir, `import-${key}.json`);
  }

  job(id: number): string {
    return join(this.jobsDir, `${id}.job`);
  }

  segment(number: number): string {
    return join(this.segmentsDir, String(number));
  }
}

/** The WAL segment in `walDir` whose first record has this sequence number. */
export function walSegmentPath(walDir: string, firstSeq: number): string {
  return join(walDir, `${firstSeq.toString(16).padStart(16, '0')}.wal`);
}

/** The version in "manifest-12.vm"; null for any other name. */
export function parseManifestName(name: string): number | null {
  return countingNumber(/^manifest-([1-9]\d{0,15})\.vm$/.exec(name)?.[1], 10);
}

/** The first sequence number in "00000000000000ff.wal"; null for any other name. */
export function parseWalName(name: string): number | null {
  return countingNumber(/^([0-9a-f]{16})\.wal$/.exec(name)?.[1], 16);
}

export function isImportRecord(name: string): boolean {
  return /^import-[0-9a-f]{16}\.json$/.test(name);
}

/** The number of a segment's folder; null for any other name. */
export function parseSegmentName(name: string): number | null {
  return countingNumber(/^([1-9]\d{0,15})$/.exec(name)?.[1], 10);
}

/** The id in "12.job"; null for any other name. */
export function parseJobName(name: string): number | null {
  return countingNumber(/^([1-9]\d{0,15})\.job$/.exec(name)?.[1], 10);
}

/** What `path` is called while it is written. One writer at a time: the collection is locked. */
export function temporaryName(path: string): string {
  return `${path}.tmp`;
}

/** What is being written under a temporary name: "a.vm" for "a.vm.tmp"; null for any other name. */
export function temporaryTarget(name: string): string | null {
  return /^(.+)\.tmp(-[0-9a-f-]+)?$/.exec(name)?.[1] ?? null;
}

function countingNumber(digits: string | undefined, radix: number): number | null {
  const number = Number.parseInt(digits ?? '', radix);
  return Number.isSafeInteger(number) && number >= 1 ? number : null;
}
