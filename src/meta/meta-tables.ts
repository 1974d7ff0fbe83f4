// The LMDB environment of a collection: its options, its tables, and how their values are laid out (FORMATS.md has
// the bytes). Called by meta-store.ts and what reads beside it; nothing else touches lmdb.
//
// Chosen with care: `noSync` and `noMetaSync` are never set; with `overlappingSync` (the default here) a commit is
// visible first and synced right after on the writing thread, and after a power cut the last synced state is
// opened. A large `mapSize` is address space and not disk; a larger file is mapped again by itself.
import { type Database, open, type RootDatabase } from 'lmdb';
import { type ErrorCode, VamanaError } from '../errors.js';
import { FIRST_SPACE, isFirstOnly } from '../config/spaces.js';
import type { PointId } from '../payload/point.js';
import { checkEnvironmentFile } from './environment-file.js';
import { decodeIdKey } from './id-key.js';

/** 2 where there are field indexes, which an older release would not keep up to date. */
export const META_FORMAT_VERSION = 2;
const VERSION_WITHOUT_FIELDS = 1;
export const MAP_BYTES_DEFAULT = 2 ** 36;

const TABLES_MAX = 32;
const READERS_MAX = 512;

export type KeyTable = Database<Uint8Array, Uint8Array>;
export type RowTable = Database<Uint8Array, number>;

/** `sync` is lmdb's own, missing from its types: flushes on a thread of the pool. */
export type Environment = RootDatabase<Uint8Array, Uint8Array> & { sync(done: (error?: Error) => void): void };

export interface MetaTables {
  environment: Environment;
  /** Id key -> row. */
  points: KeyTable;
  /** Row -> record. */
  rows: RowTable;
  /** Chunk of 2^16 rows -> dead rows. */
  dead: RowTable;
  /** Record's number -> what it takes to go back before it; see undo.ts. */
  undo: KeyTable;
  /** Field indexes; see field-tables.ts. */
  fields: KeyTable;
  columns: KeyTable;
  touched: RowTable;
  state: KeyTable;
}

export function openTables(path: string, mapBytes: number): MetaTables {
  const options = { encoding: 'binary', keyEncoding: 'binary' } as const;
  const byRow = { encoding: 'binary', keyEncoding: 'uint32' } as const;
  checkEnvironmentFile(path);
  try {
    const environment = open<Uint8Array, Uint8Array>({
      path,
      noSubdir: false,
      mapSize: mapBytes,
      maxDbs: TABLES_MAX,
      maxReaders: READERS_MAX,
      // With it lmdb makes promises of its own, which nobody can handle when a commit fails.
      eventTurnBatching: false,
      ...options,
    }) as Environment;
    return {
      environment,
      points: environment.openDB<Uint8Array, Uint8Array>('points', options),
      rows: environment.openDB<Uint8Array, number>('rows', byRow),
      dead: environment.openDB<Uint8Array, number>('dead', byRow),
      undo: environment.openDB<Uint8Array, Uint8Array>('undo', options),
      fields: environment.openDB<Uint8Array, Uint8Array>('fields', options),
      columns: environment.openDB<Uint8Array, Uint8Array>('columns', options),
      touched: environment.openDB<Uint8Array, number>('touched', byRow),
      state: environment.openDB<Uint8Array, Uint8Array>('state', options),
    };
  } catch (cause) {
    throw metaError(cause, `open ${path}`);
  }
}

/** What the store counts, written in the transaction of what it counts. */
export interface MetaState {
  /** Records up to this one are applied. */
  appliedSeq: number;
  /** Above every row ever assigned. */
  nextRow: number;
  /** Live points. */
  points: number;
  /** Whether there are field indexes: then rows whose payloads change are kept in `touched`. */
  hasFields: boolean;
}

export const STATE_KEY = Buffer.from('state');
const STATE_BYTES = 32;

export function encodeState(state: MetaState): Uint8Array {
  const bytes = Buffer.alloc(STATE_BYTES);
  bytes.writeUInt32LE(state.hasFields ? META_FORMAT_VERSION : VERSION_WITHOUT_FIELDS, 0);
  writeSafe(bytes, state.appliedSeq, 8);
  writeSafe(bytes, state.nextRow, 16);
  writeSafe(bytes, state.points, 24);
  return bytes;
}

/** The state of an empty store when nothing was written yet. */
export function decodeState(bytes: Uint8Array | undefined, path: string): MetaState {
  if (bytes === undefined) return { appliedSeq: 0, nextRow: 0, points: 0, hasFields: false };
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = view.length >= 4 ? view.readUInt32LE(0) : 0;
  if (version > META_FORMAT_VERSION) {
    const known = `this software knows up to ${META_FORMAT_VERSION}; use a later release`;
    throw new VamanaError('TOO_NEW', `${path}: metadata of format version ${version}; ${known}`);
  }
  if (version < VERSION_WITHOUT_FIELDS || view.length !== STATE_BYTES) {
    throw new VamanaError('CORRUPT', `${path}: the metadata state has ${view.length} bytes and version ${version}`);
  }
  const hasFields = version > VERSION_WITHOUT_FIELDS;
  return { appliedSeq: readSafe(view, 8), nextRow: readSafe(view, 16), points: readSafe(view, 24), hasFields };
}

const ROW_BYTES = 4;

/** The value of `points`. */
export function encodeRow(row: number): Uint8Array {
  const bytes = Buffer.allocUnsafe(ROW_BYTES);
  bytes.writeUInt32LE(row, 0);
  return bytes;
}

export function decodeRow(bytes: Uint8Array): number {
  if (bytes.length !== ROW_BYTES) {
    throw new VamanaError('CORRUPT', `metadata: a row number of ${bytes.length} bytes; expected ${ROW_BYTES}`);
  }
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(0, true);
}

/** What `rows` holds of a row: its point. */
export interface RowRecord {
  id: PointId;
  /** The sequence number of the last change. */
  seq: number;
  /** As encodePayload made it; null when the point has none. */
  payload: Uint8Array | null;
  /** Spaces in which it has a vector, ascending; absent: in the first one only. */
  spaces?: readonly number[];
}

/** Of a row, by its record. */
export function hasVectorIn({ spaces }: Pick<RowRecord, 'spaces'>, space: number): boolean {
  return spaces === undefined ? space === FIRST_SPACE : spaces.includes(space);
}

const SEQ_BYTES = 8;
const RECORD_HEAD_BYTES = SEQ_BYTES + 2;
/** In the length of the id key: behind it stand the spaces. No key is that long. */
const SPACES_FLAG = 0x8000;

export function encodeRecord(
  idKey: Uint8Array,
  seq: number,
  payload: Uint8Array | null,
  spaces?: readonly number[],
): Uint8Array {
  const listed = spaces === undefined || isFirstOnly(spaces) ? undefined : spaces;
  const payloadAt = RECORD_HEAD_BYTES + idKey.length + (listed === undefined ? 0 : 1 + 2 * listed.length);
  const bytes = Buffer.allocUnsafe(payloadAt + (payload?.length ?? 0));
  writeSafe(bytes, seq, 0);
  bytes.writeUInt16LE(idKey.length | (listed === undefined ? 0 : SPACES_FLAG), SEQ_BYTES);
  bytes.set(idKey, RECORD_HEAD_BYTES);
  if (listed !== undefined) {
    let at = bytes.writeUInt8(listed.length, RECORD_HEAD_BYTES + idKey.length);
    for (const space of listed) at = bytes.writeUInt16LE(space, at);
  }
  if (payload !== null) bytes.set(payload, payloadAt);
  return bytes;
}

/** The payload is a view into `bytes`. */
export function decodeRecord(bytes: Uint8Array, row: number): RowRecord {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.length < RECORD_HEAD_BYTES ? 0 : view.readUInt16LE(SEQ_BYTES);
  const idEnd = RECORD_HEAD_BYTES + (length & ~SPACES_FLAG);
  const spaces = (length & SPACES_FLAG) === 0 ? undefined : readSpaces(view, idEnd);
  const payloadAt = spaces === undefined ? idEnd : idEnd + 1 + 2 * spaces.length;
  if (idEnd === RECORD_HEAD_BYTES || view.length < payloadAt) {
    throw new VamanaError('CORRUPT', `metadata: the record of row ${row} has ${view.length} bytes, too few to be one`);
  }
  return {
    id: decodeIdKey(view.subarray(RECORD_HEAD_BYTES, idEnd)),
    seq: readSafe(view, 0),
    payload: view.length === payloadAt ? null : view.subarray(payloadAt),
    ...(spaces === undefined ? {} : { spaces }),
  };
}

// Those past the end are zeros: the caller finds the record too short then.
function readSpaces(view: Buffer, at: number): number[] {
  const count = view[at] ?? 0;
  return Array.from({ length: count }, (_, place) => {
    const low = view[at + 1 + 2 * place] ?? 0;
    return low + 256 * (view[at + 2 + 2 * place] ?? 0);
  });
}

/** What lmdb threw, as an error of ours. `action` says what was done and where. */
export function metaError(thrown: unknown, action: string): VamanaError {
  if (thrown instanceof VamanaError) return thrown;
  const code = thrown instanceof Error && 'code' in thrown ? Number(thrown.code) : 0;
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  return new VamanaError(LMDB_CODES[code] ?? 'IO', `${action}: ${reason}`, { cause: thrown });
}

const LMDB_CODES: Readonly<Record<number, ErrorCode>> = {
  28: 'DISK_FULL', // ENOSPC
  122: 'DISK_FULL', // EDQUOT
  [-30792]: 'DISK_FULL', // MDB_MAP_FULL
  [-30793]: 'CORRUPT', // MDB_INVALID
  [-30794]: 'TOO_NEW', // MDB_VERSION_MISMATCH
  [-30796]: 'CORRUPT', // MDB_CORRUPTED
  [-30797]: 'CORRUPT', // MDB_PAGE_NOTFOUND
};

/** Numbers up to 2^53 - 1 as u64, little-endian. */
export function writeSafe(bytes: Buffer, value: number, at: number): void {
  bytes.writeUInt32LE(value % 2 ** 32, at);
  bytes.writeUInt32LE(Math.floor(value / 2 ** 32), at + 4);
}

export function readSafe(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at + 4) * 2 ** 32 + bytes.readUInt32LE(at);
}
