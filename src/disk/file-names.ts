// The names in a collection's folder. They are made and parsed here and nowhere else:
//
//   manifest-<version>.vm        decimal, without leading zeros
//   wal/<first sequence>.wal     16 hexadecimal digits, so that names sort as their numbers
//   segments/<number>/           decimal, without leading zeros
//   meta/                        the LMDB environment
//   LOCK                         held with flock while the collection is open
//   <name>.tmp, <name>.tmp-<uuid>  being written; never read, overwritten or removed when found
//
// A name that is not exactly as it would be made is nobody's: parsing gives null and the file is left alone.
import { join } from 'node:path';

export class CollectionPaths {
  readonly walDir: string;
  readonly metaDir: string;
  readonly segmentsDir: string;
  readonly lock: string;

  constructor(readonly dir: string) {
    this.walDir = join(dir, 'wal');
    this.metaDir = join(dir, 'meta');
    this.segmentsDir = join(dir, 'segments');
    this.lock = join(dir, 'LOCK');
  }

  manifest(version: number): string {
    return join(this.dir, `manifest-${version}.vm`);
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

/** The number of a segment's folder; null for any other name. */
export function parseSegmentName(name: string): number | null {
  return countingNumber(/^([1-9]\d{0,15})$/.exec(name)?.[1], 10);
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
