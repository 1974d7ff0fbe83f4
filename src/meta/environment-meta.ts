// LMDB's meta pages, each the root of everything at one moment, and which of them LMDB goes by when it opens a file.
// Called by environment-file.ts. The offsets are those of the LMDB that lmdb 3.5 is built with (mdb.c, MDB_meta);
// a later one that moves them fails the tests of environment-file.ts.
//
//   offset  size  type  (little-endian; the copy for odd transactions begins at the page size, the one that is
//   24      4     u32   written after a sync at half of it)                    magic, 0xbeefc0de
//   40      8     u64                                                          bytes of the map
//   48      4     u32                                                          page size
//   48      48    tree  (see environment-pages.ts)                             free pages
//   52      2     u16                                                          flags; 0x1000: not synced yet
//   96      48    tree                                                         main
//   144     8     u64                                                          last page in use
//   152     8     u64                                                          transaction
//   160     8     u64                                                          of the boot it was written in
import { readFileSync } from 'node:fs';

export const META_BYTES = 168;
export const MAGIC = 0xbeefc0de;
export const MAGIC_AT = 24;
export const PAGE_BYTES_AT = 48;
export const LAST_PAGE_AT = 144;
export const TREE_BYTES = 48;

const UNSYNCED = 0x1000;

export interface EnvironmentMeta {
  /** Where it lies in the file. */
  at: number;
  mapBytes: bigint;
  freeTree: Buffer;
  mainTree: Buffer;
  isSynced: boolean;
  lastPage: bigint;
  /** 0 where nothing was ever written. */
  transaction: bigint;
  boot: bigint;
}

export function decodeMeta(head: Buffer, at: number): EnvironmentMeta {
  return {
    at,
    mapBytes: head.readBigUInt64LE(at + 40),
    freeTree: head.subarray(at + 48, at + 48 + TREE_BYTES),
    mainTree: head.subarray(at + 96, at + 96 + TREE_BYTES),
    isSynced: (head.readUInt16LE(at + 52) & UNSYNCED) === 0,
    lastPage: head.readBigUInt64LE(at + LAST_PAGE_AT),
    transaction: head.readBigUInt64LE(at + 152),
    boot: head.readBigUInt64LE(at + 160),
  };
}

/**
 * As mdb_env_pick_meta does at opening: the newest, unless it may have been lost by a power cut, because it was not
 * synced and another boot wrote it; then the older one. Nothing is asked of the one that is passed over.
 */
export function pickMeta(
  even: EnvironmentMeta,
  odd: EnvironmentMeta,
  synced: EnvironmentMeta,
  boot: bigint,
): EnvironmentMeta {
  return pickOfTwo(pickOfTwo(even, odd, boot), synced, boot);
}

function pickOfTwo(a: EnvironmentMeta, b: EnvironmentMeta, boot: bigint): EnvironmentMeta {
  if (b.transaction === 0n) return a;
  const [newer, older] = a.transaction >= b.transaction ? [a, b] : [b, a];
  if (newer.isSynced || (newer.boot !== 0n && newer.boot === boot)) return newer;
  // Of two alike LMDB takes the first.
  return newer.transaction === older.transaction ? a : older;
}

/** This boot as LMDB writes it into its meta pages; 0 where it cannot be known, or where lmdb is told not to ask. */
export function currentBoot(): bigint {
  if (process.env.LMDB_RESTORE === 'safe') return 0n;
  try {
    const [hex = ''] = readFileSync('/proc/sys/kernel/random/boot_id', 'ascii').split('-');
    return BigInt(`0x${hex}`);
  } catch {
    return 0n;
  }
}
