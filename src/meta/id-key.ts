// Point ids as LMDB keys: bytes that sort as the ids do. The layout is described in FORMATS.md.
//
//   tag 1   u64, big-endian        8 bytes
//   tag 2   UUID                  16 bytes
//   tag 3   any other string      its UTF-8
import { VamanaError } from '../errors.js';
import type { PointId } from '../payload/point.js';
import { isCanonicalUuid } from './point-id.js';

const NUMBER = 1;
const UUID = 2;
const STRING = 3;
const NUMBER_BYTES = 9;
const UUID_BYTES = 17;

/** The key of a canonical id (parsePointId). */
export function encodeIdKey(id: PointId): Buffer {
  if (typeof id === 'bigint') {
    const key = Buffer.allocUnsafe(NUMBER_BYTES);
    key[0] = NUMBER;
    key.writeBigUInt64BE(id, 1);
    return key;
  }
  if (isCanonicalUuid(id)) return encodeUuid(id);
  const key = Buffer.allocUnsafe(1 + Buffer.byteLength(id));
  key[0] = STRING;
  key.write(id, 1);
  return key;
}

/** CORRUPT when the bytes are no key. */
export function decodeIdKey(key: Buffer): PointId {
  if (key[0] === NUMBER && key.length === NUMBER_BYTES) return key.readBigUInt64BE(1);
  if (key[0] === UUID && key.length === UUID_BYTES) return decodeUuid(key);
  if (key[0] === STRING && key.length > 1) return key.toString('utf8', 1);
  const shown = key.subarray(0, 20).toString('hex');
  throw new VamanaError('CORRUPT', `found the id key ${shown} of ${key.length} bytes, which no id has`);
}

function encodeUuid(id: string): Buffer {
  const key = Buffer.allocUnsafe(UUID_BYTES);
  key[0] = UUID;
  key.write(id.slice(0, 8) + id.slice(9, 13) + id.slice(14, 18) + id.slice(19, 23) + id.slice(24), 1, 'hex');
  return key;
}

function decodeUuid(key: Buffer): string {
  const hex = key.toString('hex', 1);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
