import { readFileSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { BINARY_HEADER_BYTES, readBinaryPoints } from './binary-points.js';

const LIMITS = { points: 100, dim: 2 };

/** The example of FORMATS.md. */
function example(): Buffer {
  const text = readFileSync(new URL('../../FORMATS.md', import.meta.url), 'utf8');
  const section = text.slice(text.indexOf('## Points as bytes'), text.indexOf('## Service'));
  const hex = [...section.matchAll(/^\| `([0-9a-f ]+)` \|/gm)].map((match) => match[1]);
  return Buffer.from(hex.join('').replaceAll(' ', ''), 'hex');
}

/** With its checksum put right. */
function changed(change: (bytes: Buffer) => Buffer | undefined): Buffer {
  const bytes = example();
  const after = change(bytes) ?? bytes;
  after.writeUInt32LE(crc32(after.subarray(BINARY_HEADER_BYTES)), 24);
  return after;
}

describe('points as bytes', () => {
  it('are what FORMATS.md says of its example', () => {
    const { points, mode } = readBinaryPoints(example(), LIMITS);
    expect(mode).toBe('upsert');
    expect(points).toEqual([
      { id: 7n, vector: Float32Array.of(1, 0) },
      { id: 258n, vector: Float32Array.of(0.5, -2), payload: { n: 5 } },
    ]);
  });

  it('are read at any address', () => {
    const moved = Buffer.concat([Buffer.alloc(1), example()]).subarray(1);
    expect(readBinaryPoints(moved, LIMITS)).toEqual(readBinaryPoints(example(), LIMITS));
  });

  it('have UUIDs and small elements too', () => {
    const head = Buffer.alloc(BINARY_HEADER_BYTES);
    head.write('vmpoints');
    head.set([1, 0, 3, 1, 0, 2], 8);
    head.writeUInt32LE(1, 16);
    head.writeUInt32LE(2, 20);
    const body = Buffer.from('550e8400e29b41d4a716446655440000ff05', 'hex');
    head.writeUInt32LE(crc32(body), 24);
    expect(readBinaryPoints(Buffer.concat([head, body]), LIMITS)).toEqual({
      mode: 'update_only',
      points: [{ id: '550e8400-e29b-41d4-a716-446655440000', vector: Int8Array.of(-1, 5) }],
    });
  });

  it.each([
    ['nothing', () => Buffer.alloc(0), 'byte 0: found the end'],
    ['another magic', () => changed((bytes) => bytes.fill('x', 0, 1)), 'byte 0'],
    ['a later version', () => changed((bytes) => bytes.fill(2, 8, 9)), 'byte 8: found version 2'],
    ['an unknown element', () => changed((bytes) => bytes.fill(9, 10, 11)), 'byte 10'],
    ['a bit without meaning', () => changed((bytes) => bytes.fill(1, 28, 29)), 'byte 14'],
    ['too many rows', () => changed((bytes) => bytes.fill(0xff, 16, 20)), 'byte 16: found 4294967295 rows'],
    ['another dimension', () => changed((bytes) => bytes.fill(3, 20, 21)), 'byte 20: found dimension 3'],
    ['another checksum', () => example().fill(0, 24, 28), 'byte 24: found the CRC-32 0'],
    ['a byte too few', () => changed((bytes) => bytes.subarray(0, -1)), 'byte 72: found the end'],
    [
      'a byte too many',
      () => changed((bytes) => Buffer.concat([bytes, Buffer.alloc(1)])),
      'byte 76: found 1 bytes more',
    ],
    ['rows cut off', () => changed((bytes) => bytes.subarray(0, 50)), 'byte 50: found the end'],
    [
      'a payload that is no map',
      () => changed((bytes) => bytes.fill(0xc0, 72, 73)),
      'byte 72: found no MessagePack map',
    ],
  ])('are refused with %s, at its offset', (_what, bytes, message) => {
    expect(() => readBinaryPoints(bytes(), LIMITS)).toThrow(message);
  });
});
