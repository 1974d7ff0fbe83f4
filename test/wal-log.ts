// Logs and their records, for the tests of what is made of them.
import fc from 'fast-check';
import { VamanaError } from '../src/errors.js';
import { encodePayload } from '../src/payload/payload-codec.js';
import { FIRST_SPACE } from '../src/config/spaces.js';
import type { SpaceVector, WalOp, WalRecord } from '../src/wal/wal-op.js';
import { readWal, type WalLocation } from '../src/wal/wal-reader.js';
import { WalWriter, type WalWriterOptions } from '../src/wal/wal-writer.js';
import { FaultyStorage } from './faulty-storage.js';

export const collection = '0f0e0d0c-0b0a-4908-8706-050403020100';
export const walDir = '/c/wal';

export function emptyStorage(seed?: number): FaultyStorage {
  const storage = new FaultyStorage(seed);
  storage.put('/c/LOCK', Buffer.alloc(0));
  return storage;
}

/** A storage with these files, all durable. */
export function storageOf(files: Iterable<readonly [string, Uint8Array]>): FaultyStorage {
  const storage = emptyStorage();
  for (const [path, bytes] of files) storage.put(path, bytes);
  return storage;
}

export function locate(storage: FaultyStorage): WalLocation {
  return { storage, walDir, collection };
}

export function openWriter(storage: FaultyStorage, options: Partial<WalWriterOptions> = {}): Promise<WalWriter> {
  return WalWriter.open({ ...locate(storage), after: 0, ...options });
}

/** A record that tells its number, in one change of about `bytes` bytes. */
export function numbered(seq: number, bytes = 24): WalRecord {
  const vectors = oneVector(Buffer.alloc(bytes, seq % 251));
  return {
    seq,
    ops: [
      { kind: 'put', id: BigInt(seq), row: seq, dead: null, vectors, payload: Uint8Array.from(encodePayload({ seq })) },
    ],
  };
}

export interface ReadResult {
  records: WalRecord[];
  torn: boolean;
  error: VamanaError | null;
}

/** Everything from `from` on; what is not a VamanaError is thrown. */
export async function readAll(storage: FaultyStorage, from = 1): Promise<ReadResult> {
  const result: ReadResult = { records: [], torn: false, error: null };
  const onTornTail = (): void => {
    result.torn = true;
  };
  try {
    for await (const record of readWal(locate(storage), { from, onTornTail })) result.records.push(plain(record));
  } catch (error) {
    if (!(error instanceof VamanaError)) throw error;
    result.error = error;
  }
  return result;
}

/** With plain arrays of bytes, so that records compare by their contents. */
export function plain({ seq, ops }: WalRecord): WalRecord {
  return { seq, ops: ops.map(plainOp) };
}

function plainOp(op: WalOp): WalOp {
  if (op.kind === 'delete') return op;
  const payload = op.payload === null ? null : Uint8Array.from(op.payload);
  if (op.kind === 'payload') return { ...op, payload };
  return { ...op, vectors: op.vectors.map(({ space, bytes }) => ({ space, bytes: Uint8Array.from(bytes) })), payload };
}

/** That of a collection without names. */
export function oneVector(bytes: Uint8Array): SpaceVector[] {
  return [{ space: FIRST_SPACE, bytes }];
}

const id = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  fc.bigInt({ min: 0n, max: 300n }),
  fc.uuid(),
  fc.string(),
);
const row = fc.integer({ min: 0, max: 2 ** 32 - 2 });
const payload = fc.option(fc.uint8Array({ maxLength: 200 }));
const vector = fc.uint8Array({ maxLength: 600 });
const spaces = fc.uniqueArray(fc.nat(2 ** 16 - 1), { maxLength: 3 }).map((few) => few.sort((a, b) => a - b));
const vectors = fc.oneof(
  vector.map(oneVector),
  fc.tuple(spaces, vector).map(([few, bytes]) => few.map((space) => ({ space, bytes }))),
);
// Those of a row with one vector of the first space are left out.
const named = spaces.filter((few) => few.length !== 1 || few[0] !== FIRST_SPACE);

export const walOp: fc.Arbitrary<WalOp> = fc.oneof(
  fc.record({ kind: fc.constant('put' as const), id, row, dead: fc.option(row), vectors, payload }),
  fc.record({ kind: fc.constant('delete' as const), id, row }),
  fc.record({ kind: fc.constant('payload' as const), id, row, payload }),
  fc.record({ kind: fc.constant('payload' as const), id, row, payload, spaces: named }),
);
