import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  collection,
  emptyStorage,
  numbered,
  openWriter,
  plain,
  readAll,
  storageOf,
  walDir,
} from '../../test/wal-log.js';
import { walSegmentPath } from '../disk/file-names.js';
import { decodeOps } from './op-codec.js';
import { encodeHeader, headerProblem } from './wal-format.js';
import type { WalRecord } from './wal-op.js';

const identity = { collection, firstSeq: 1 };
const path = walSegmentPath(walDir, 1);

const example: WalRecord = {
  seq: 1,
  ops: [
    {
      kind: 'put',
      id: 7n,
      row: 0,
      dead: null,
      vectors: [{ space: 0, bytes: Uint8Array.of(1, 2, 3, 4) }],
      payload: Uint8Array.of(0x81, 0xa1, 0x6e, 5),
    },
  ],
};

function source(name: string): string {
  return readFileSync(new URL(name, import.meta.url), 'utf8');
}

/** Lines of `offset  bytes  meaning`, checked to lie without gaps. */
function documentedBytes(): Buffer {
  let bytes = Buffer.alloc(0);
  const text = source('wal-format.ts');
  const example = text.slice(text.indexOf('// Example: '));
  for (const [, offset, hex] of example.matchAll(/^\/\/ {3}(\d+) +((?:[0-9a-f]{2} {1,2})+)/gm)) {
    expect(Number(offset)).toBe(bytes.length);
    bytes = Buffer.concat([bytes, Buffer.from((hex ?? '').replaceAll(' ', ''), 'hex')]);
  }
  return bytes;
}

describe('the format as documented', () => {
  it('is what is written', async () => {
    const storage = emptyStorage();
    const writer = await openWriter(storage);
    await writer.append(example);
    await writer.close();
    expect(storage.bytes.get(path)?.toString('hex')).toBe(documentedBytes().toString('hex'));
  });

  it('is what is read', async () => {
    const { records, torn, error } = await readAll(storageOf([[path, documentedBytes()]]));
    expect({ records, torn, error }).toEqual({ records: [example], torn: false, error: null });
  });

  it('is taken apart in FORMATS.md as it is', () => {
    const formats = source('../../FORMATS.md');
    const body = documentedBytes().subarray(100, 126);
    const hex = (body.toString('hex').match(/../g) ?? []).join(' ');
    expect(formats).toContain(`\`${hex}\``);
    const rows = formats.slice(formats.indexOf('### A record, byte by byte'), formats.indexOf('## Manifest'));
    const parts = [...rows.matchAll(/^\| `([0-9a-f ]+)` \|/gm)].map((match) => match[1]);
    expect(parts.join(' ')).toBe(hex);
    const ops = decodeOps(body);
    expect(ops === null ? null : plain({ seq: 1, ops })).toEqual(example);
  });
});

describe('a header', () => {
  it('is right for its own file only', () => {
    const { bytes } = encodeHeader(identity);
    expect(headerProblem(bytes, identity)).toBeNull();
    expect(headerProblem(bytes, { ...identity, firstSeq: 2 })).toMatchObject({ code: 'CORRUPT', whole: true });
    const other = { ...identity, collection: '00000000-0000-4000-8000-000000000000' };
    expect(headerProblem(bytes, other)).toMatchObject({ code: 'CORRUPT', whole: true, offset: 16 });
  });

  it('with any bit flipped is damaged, not of another version', () => {
    for (let bit = 0; bit < 64 * 8; bit += 1) {
      const { bytes } = encodeHeader(identity);
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(headerProblem(bytes, identity), `bit ${bit}`).toMatchObject({ code: 'CORRUPT', whole: false });
    }
  });

  it('of a later version is TOO_NEW, in any file of the log', async () => {
    const storage = emptyStorage();
    const writer = await openWriter(storage, { segmentBytes: 100 });
    for (let seq = 1; seq <= 3; seq += 1) await writer.append(numbered(seq));
    await writer.close();
    for (const later of storage.bytes.keys()) {
      if (!later.endsWith('.wal')) continue;
      const changed = storageOf(storage.bytes);
      const bytes = Buffer.from(storage.bytes.get(later) ?? []);
      bytes.writeUInt32LE(2, 8);
      bytes.writeUInt32LE(crcOf(bytes.subarray(0, 60)), 60);
      changed.put(later, bytes);
      expect((await readAll(changed)).error).toMatchObject({
        code: 'TOO_NEW',
        message: expect.stringContaining(later),
      });
      if (later.endsWith('3.wal')) await expect(openWriter(changed)).rejects.toMatchObject({ code: 'TOO_NEW' });
    }
  });
});

// CRC-32 by its definition, so that one mistake is not in both.
function crcOf(bytes: Buffer): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xedb8_8320 : crc >>> 1;
  }
  return (crc ^ 0xffff_ffff) >>> 0;
}
