// The body of a record: its ops in msgpack, each an array that begins with its kind.
//
//   [1, id, row, dead, vector, payload]   put      dead: the row replaced, or nil; payload: a bin
//                                         as encodePayload() made it, or nil
//   [2, id, row]                          delete
//   [3, id, row, payload]                 payload
//   [4, id, row, dead, [space, vector, ...], payload]  put of other vectors than one of space 0
//   [5, id, row, payload, [space, ...]]   payload of a row with such vectors
//
// Spaces ascend. What can be said by kinds 1 and 3 is said by these: a collection without names has no others.
// An id is a 64-bit integer (signed below 2^63, unsigned above, as msgpack has it) or a string; a row an integer
// below 2^32 - 1; a vector a bin of the element bytes. Both directions check all of it, so that no caller can log
// what could not be replayed.
import { Packr, RESERVE_START_SPACE } from 'msgpackr';
import { VamanaError } from '../errors.js';
import { NO_ROW } from '../limits.js';
import type { PointId } from '../payload/point.js';
import { FRAME_BYTES, MAX_BODY_BYTES } from './wal-format.js';
import { FIRST_SPACE, isFirstOnly } from '../config/spaces.js';
import type { SpaceVector, WalOp } from './wal-op.js';

const PUT = 1;
const DELETE = 2;
const PAYLOAD = 3;
const PUT_NAMED = 4;
const PAYLOAD_NAMED = 5;

const ID_END = 2n ** 64n;
const SPACE_END = 2 ** 16;

// Without record extensions, which would tie one body to the ones before it.
const packr = new Packr({ useRecords: false });

/** Room for the frame's header, and the body behind it. INVALID_ARGUMENT for ops that cannot be replayed. */
export function encodeOps(ops: readonly WalOp[]): Buffer {
  const bytes = packr.pack(ops.map(packable), RESERVE_START_SPACE | FRAME_BYTES);
  if (bytes.length - FRAME_BYTES <= MAX_BODY_BYTES) return bytes;
  const size = `${bytes.length - FRAME_BYTES} bytes, at most ${MAX_BODY_BYTES} are possible`;
  throw new VamanaError('INVALID_ARGUMENT', `a batch of ${ops.length} changes takes ${size}; split it`);
}

/** Vectors are views of `body`. Null when the bytes are no ops. */
export function decodeOps(body: Buffer): WalOp[] | null {
  let found: unknown;
  try {
    found = packr.unpack(body);
  } catch {
    return null;
  }
  if (!Array.isArray(found)) return null;
  const ops = found.map(decodeOp);
  return ops.every((op) => op !== null) ? ops : null;
}

function packable(op: WalOp): unknown[] {
  if (!isId(op.id)) throw invalid(op, `id ${op.id}`, 'a u64 as bigint or a well-formed string');
  if (!isRow(op.row)) throw invalid(op, `row ${op.row}`, `0 to ${NO_ROW - 1}`);
  switch (op.kind) {
    case 'put':
      if (op.dead !== null && !isRow(op.dead)) throw invalid(op, `replaced row ${op.dead}`, `0 to ${NO_ROW - 1}`);
      return packablePut(op);
    case 'delete':
      return [DELETE, op.id, op.row];
    case 'payload':
      if (op.spaces === undefined || isFirstOnly(op.spaces)) return [PAYLOAD, op.id, op.row, op.payload];
      if (!areSpaces(op.spaces)) throw invalid(op, `spaces ${op.spaces}`, 'ascending numbers');
      return [PAYLOAD_NAMED, op.id, op.row, op.payload, op.spaces];
  }
}

function packablePut(op: WalOp & { kind: 'put' }): unknown[] {
  const { id, row, dead, vectors, payload } = op;
  const spaces = vectors.map(({ space }) => space);
  if (isFirstOnly(spaces)) return [PUT, id, row, dead, vectors[0]?.bytes, payload];
  if (!areSpaces(spaces)) throw invalid(op, `vectors of spaces ${spaces}`, 'ascending numbers');
  return [PUT_NAMED, id, row, dead, vectors.flatMap(({ space, bytes }) => [space, bytes]), payload];
}

function decodeOp(found: unknown): WalOp | null {
  if (!Array.isArray(found)) return null;
  const [kind, id, row] = found;
  if (!isId(id) || !isRow(row)) return null;
  if ((kind === PUT || kind === PUT_NAMED) && found.length === 6) {
    const [, , , dead, given, payload] = found;
    const vectors = kind === PUT ? vectorsOf([FIRST_SPACE, given]) : vectorsOf(given);
    if (!(dead === null || isRow(dead)) || vectors === null || !isPayload(payload)) return null;
    return { kind: 'put', id, row, dead, vectors, payload };
  }
  if (kind === DELETE && found.length === 3) return { kind: 'delete', id, row };
  if (kind === PAYLOAD_NAMED && found.length === 5 && isPayload(found[3]) && areSpaces(found[4])) {
    return { kind: 'payload', id, row, payload: found[3], spaces: found[4] };
  }
  if (kind !== PAYLOAD || found.length !== 4 || !isPayload(found[3])) return null;
  return { kind: 'payload', id, row, payload: found[3] };
}

function vectorsOf(found: unknown): SpaceVector[] | null {
  if (!Array.isArray(found) || found.length % 2 !== 0) return null;
  const vectors: SpaceVector[] = [];
  for (let at = 0; at < found.length; at += 2) {
    const bytes: unknown = found[at + 1];
    if (!(bytes instanceof Uint8Array)) return null;
    vectors.push({ space: found[at] as number, bytes });
  }
  return areSpaces(vectors.map(({ space }) => space)) ? vectors : null;
}

function areSpaces(found: unknown): found is number[] {
  return (
    Array.isArray(found) &&
    found.every((space, at) => isSpace(space) && (at === 0 || space > (found[at - 1] as number)))
  );
}

function isSpace(space: unknown): space is number {
  return typeof space === 'number' && Number.isInteger(space) && space >= 0 && space < SPACE_END;
}

function isId(id: unknown): id is PointId {
  return typeof id === 'bigint' ? id >= 0n && id < ID_END : typeof id === 'string' && isWellFormed(id);
}

function isRow(row: unknown): row is number {
  return typeof row === 'number' && Number.isInteger(row) && row >= 0 && row < NO_ROW;
}

function isPayload(payload: unknown): payload is Uint8Array | null {
  return payload === null || payload instanceof Uint8Array;
}

// A lone surrogate has no UTF-8: two such ids could come back as one.
function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}

function invalid(op: WalOp, found: string, expected: string): VamanaError {
  return new VamanaError('INVALID_ARGUMENT', `change of kind ${op.kind}: ${found}; expected ${expected}`);
}
