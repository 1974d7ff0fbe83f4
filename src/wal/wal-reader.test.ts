// What a reader makes of whole logs, and of logs cut and damaged in every place.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  emptyStorage,
  numbered,
  openWriter,
  plain,
  readAll,
  storageOf,
  walDir,
  walOp,
  oneVector,
} from '../../test/wal-log.js';
import { walSegmentPath } from '../disk/file-names.js';
import { FRAME_BYTES, HEADER_BYTES } from './wal-format.js';
import type { WalRecord } from './wal-op.js';

const path = walSegmentPath(walDir, 1);

interface Log {
  records: WalRecord[];
  files: Map<string, Buffer>;
}

/** `groups[i]` records in the i-th write; `close` leaves the mark of a proper end. */
async function makeLog(groups: number[], options: { close?: boolean; segmentBytes?: number } = {}): Promise<Log> {
  const storage = emptyStorage();
  const writer = await openWriter(storage, { segmentBytes: options.segmentBytes ?? 2 ** 20 });
  const records: WalRecord[] = [];
  for (const size of groups) {
    const group = Array.from({ length: size }, () => numbered(records.length + 1));
    for (const record of group) record.seq = records.push(plain(numbered(records.length + 1)));
    await writer.appendGroup(group.map((record) => numbered(record.seq)));
  }
  if (options.close ?? true) await writer.close();
  return { records, files: new Map(storage.bytes) };
}

/** The log with one file changed. */
function changed(log: Log, file: string, bytes: Uint8Array): ReturnType<typeof storageOf> {
  return storageOf(new Map<string, Uint8Array>(log.files).set(file, bytes));
}

function bytesOf(log: Log, file = path): Buffer {
  return Buffer.from(log.files.get(file) ?? []);
}

/** The offset of each frame, the end behind them. */
function frameOffsets(bytes: Buffer): number[] {
  const offsets = [HEADER_BYTES];
  for (let at = HEADER_BYTES; at < bytes.length; ) {
    at += FRAME_BYTES + bytes.readUInt32LE(at + 4);
    offsets.push(at);
  }
  return offsets;
}

function corruptAt(file: string): object {
  return { code: 'CORRUPT', message: expect.stringMatching(`^${file}: at byte \\d+: `) };
}

describe('a whole log', () => {
  it('gives back what was appended, whatever the groups and segments', async () => {
    const groups = fc.array(fc.array(fc.array(walOp, { maxLength: 4 }), { minLength: 1, maxLength: 4 }), {
      maxLength: 6,
    });
    await fc.assert(
      fc.asyncProperty(groups, fc.integer({ min: 1, max: 4000 }), async (batches, segmentBytes) => {
        const storage = emptyStorage();
        const writer = await openWriter(storage, { segmentBytes });
        const records: WalRecord[] = [];
        for (const batch of batches) {
          const group = batch.map((ops) => ({ seq: writer.nextSeq + records.length, ops }));
          const first = writer.nextSeq;
          group.forEach((record, at) => {
            record.seq = first + at;
          });
          records.push(...group);
          await writer.appendGroup(group);
        }
        await writer.close();
        expect(await readAll(storage)).toEqual({ records, torn: false, error: null });
      }),
      { numRuns: 60 },
    );
  });

  it('is read from any number on', async () => {
    const { records, files } = await makeLog([1, 2, 1, 3, 1], { segmentBytes: 200 });
    expect(files.size).toBeGreaterThan(3);
    for (let from = 1; from <= 10; from += 1) {
      expect(await readAll(storageOf(files), from)).toMatchObject({ records: records.slice(from - 1), error: null });
    }
  });

  it('may have no folder, no files or no records', async () => {
    expect(await readAll(emptyStorage())).toEqual({ records: [], torn: false, error: null });
    const storage = emptyStorage();
    await (await openWriter(storage)).close();
    expect(await readAll(storage)).toEqual({ records: [], torn: false, error: null });
  });

  it('leaves files alone that are not its own', async () => {
    const { records, files } = await makeLog([1, 1]);
    files.set(`${walDir}/notes.txt`, Buffer.from('x')).set(`${walDir}/0000000000000001.wal.tmp`, Buffer.from('x'));
    expect(await readAll(storageOf(files))).toMatchObject({ records, error: null });
  });
});

describe('a log cut short', () => {
  it('at any byte gives a prefix and never half a record', async () => {
    const log = await makeLog([1, 2, 1], { close: false });
    const bytes = bytesOf(log);
    const ends = frameOffsets(bytes);
    for (let length = 0; length <= bytes.length; length += 1) {
      const { records, torn, error } = await readAll(changed(log, path, bytes.subarray(0, length)));
      const whole = Math.max(0, ends.filter((end) => end <= length).length - 1);
      expect(error, `length ${length}`).toBeNull();
      expect(records, `length ${length}`).toEqual(log.records.slice(0, whole));
      expect(torn, `length ${length}`).toBe(length < HEADER_BYTES || !ends.includes(length));
    }
  });

  it('and filled up with zeros or noise is torn there', async () => {
    const log = await makeLog([1, 2, 1], { close: false });
    const bytes = bytesOf(log);
    const noise = fc.uint8Array({ minLength: 1, maxLength: 700 });
    const filling = fc.oneof(fc.constant(new Uint8Array(5000)), noise);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: HEADER_BYTES, max: bytes.length }), filling, async (length, rest) => {
        const { records, error } = await readAll(changed(log, path, Buffer.concat([bytes.subarray(0, length), rest])));
        const whole = frameOffsets(bytes).filter((end) => end <= length).length - 1;
        expect(error).toBeNull();
        expect(records.slice(0, whole)).toEqual(log.records.slice(0, whole));
        // Noise may happen to be the byte that was cut off.
        expect(records).toEqual(log.records.slice(0, records.length));
      }),
      { numRuns: 300 },
    );
  });

  it('in a file that is not the last is damage', async () => {
    const log = await makeLog([2, 2, 2], { segmentBytes: 100 });
    const bytes = bytesOf(log);
    for (let length = 0; length < bytes.length; length += 1) {
      const storage = changed(log, path, bytes.subarray(0, length));
      expect((await readAll(storage)).error, `length ${length}`).toMatchObject(corruptAt(path));
    }
    const longer = changed(log, path, Buffer.concat([bytes, Buffer.alloc(1)]));
    expect((await readAll(longer)).error).toMatchObject(corruptAt(path));
  });
});

describe('a damaged log', () => {
  const everyByte = async (log: Log, check: (at: number, bytes: Buffer) => Promise<void>): Promise<void> => {
    const bytes = bytesOf(log);
    for (let at = 0; at < bytes.length; at += 1) {
      const flipped = Buffer.from(bytes);
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8));
      await check(at, flipped);
    }
  };

  it('is found at every byte when it was closed properly, but for the mark itself', async () => {
    const log = await makeLog([1, 2, 1]);
    const mark = bytesOf(log).length - FRAME_BYTES;
    await everyByte(log, async (at, bytes) => {
      const { records, torn, error } = await readAll(changed(log, path, bytes));
      if (at >= mark) expect([records, torn, error], `byte ${at}`).toEqual([log.records, true, null]);
      else expect(error, `byte ${at}`).toMatchObject(corruptAt(path));
      expect(records).toEqual(log.records.slice(0, records.length));
    });
  });

  it('is found at every byte after a crash, but for the last group, which is cut', async () => {
    const log = await makeLog([1, 1, 2], { close: false });
    const lastGroup = frameOffsets(bytesOf(log))[2] ?? 0;
    await everyByte(log, async (at, bytes) => {
      const { records, torn, error } = await readAll(changed(log, path, bytes));
      if (at >= lastGroup) expect([torn, error], `byte ${at}`).toEqual([true, null]);
      else expect(error, `byte ${at}`).toMatchObject(corruptAt(path));
      expect(records).toEqual(log.records.slice(0, records.length));
    });
  });

  it('names the file, and stops there, when an earlier segment is damaged', async () => {
    const log = await makeLog([1, 1, 1, 1], { segmentBytes: 100 });
    for (const file of [...log.files.keys()].filter((name) => name.endsWith('.wal')).slice(0, -1)) {
      const bytes = bytesOf(log, file);
      for (const at of [0, 20, 63, 64, 70, 90, 110, bytes.length - 1]) {
        const flipped = Buffer.from(bytes);
        flipped[at] = (flipped[at] ?? 0) ^ 0x10;
        expect((await readAll(changed(log, file, flipped))).error, `byte ${at}`).toMatchObject(corruptAt(file));
      }
    }
  });

  it('with records exchanged, repeated or left out is found', async () => {
    const log = await makeLog([1, 1, 1, 1]);
    const bytes = bytesOf(log);
    const ends = frameOffsets(bytes);
    const frames = ends.slice(0, -1).map((start, at) => bytes.subarray(start, ends[at + 1]));
    const [a, b, c, d, mark] = frames as [Buffer, Buffer, Buffer, Buffer, Buffer];
    const head = bytes.subarray(0, HEADER_BYTES);
    // Frames are valid in their own place only, so those that moved are lost and those that did not tell of it.
    for (const order of [
      [a, c, b, d, mark],
      [a, b, b, d, mark],
      [b, a, c, d, mark],
    ]) {
      expect((await readAll(changed(log, path, Buffer.concat([head, ...order])))).error).toMatchObject(corruptAt(path));
    }
  });

  it('without one of its segments is found', async () => {
    const log = await makeLog([1, 1, 1, 1], { segmentBytes: 100 });
    const files = [...log.files.keys()].filter((name) => name.endsWith('.wal')).sort();
    for (const [at, file] of files.slice(0, -1).entries()) {
      const rest = new Map(log.files);
      rest.delete(file);
      const named = files[at - 1] ?? file;
      expect((await readAll(storageOf(rest))).error, file).toMatchObject(corruptAt(named));
      expect((await readAll(storageOf(rest), at + 2)).error, file).toBeNull();
    }
  });

  it('in the name of another collection or under another name is refused', async () => {
    const log = await makeLog([1, 1]);
    const moved = storageOf([[walSegmentPath(walDir, 2), bytesOf(log)]]);
    expect((await readAll(moved, 2)).error).toMatchObject(corruptAt(walSegmentPath(walDir, 2)));
  });
});

describe('records that were not synced yet', () => {
  it('are a torn tail when one is lost and a later one is whole', async () => {
    // Three in one write: after a power cut any of their sectors may be missing.
    const log = await makeLog([1, 3], { close: false });
    const bytes = bytesOf(log);
    const [, , second, third] = frameOffsets(bytes) as [number, number, number, number];
    bytes.fill(0, second, third);
    const { records, torn, error } = await readAll(changed(log, path, bytes));
    expect([records, torn, error]).toEqual([log.records.slice(0, 2), true, null]);
  });

  it('are damage when the lost one had been synced', async () => {
    const log = await makeLog([1, 1, 1], { close: false });
    const bytes = bytesOf(log);
    const [, second, third] = frameOffsets(bytes) as [number, number, number];
    bytes.fill(0, second, third);
    expect((await readAll(changed(log, path, bytes))).error).toMatchObject({
      code: 'CORRUPT',
      message: expect.stringContaining(`at byte ${second}: no valid record 2, though the bytes at ${third} say`),
    });
  });

  it('are cut when they follow a record of another history', async () => {
    // A tail that was cut may come back, behind what was written in its place: same numbers, same places.
    const one = await makeLog([1, 1, 1], { close: false });
    const storage = emptyStorage();
    const writer = await openWriter(storage);
    await writer.append(numbered(1));
    const [put] = numbered(2).ops;
    await writer.append({
      seq: 2,
      ops: put?.kind === 'put' ? [{ ...put, vectors: oneVector(Buffer.alloc(24, 99)) }] : [],
    });
    const bytes = bytesOf(one);
    Buffer.from(storage.bytes.get(path) ?? []).copy(bytes);
    const { records, torn, error } = await readAll(storageOf([[path, bytes]]));
    expect([records.length, torn, error]).toEqual([2, true, null]);
    expect(records[1]).not.toEqual(one.records[1]);
  });

  it('are not taken for records when a payload holds a log', async () => {
    const inner = await makeLog([1, 1, 1]);
    const storage = emptyStorage();
    const writer = await openWriter(storage);
    const vectors = oneVector(bytesOf(inner));
    await writer.append({ seq: 1, ops: [{ kind: 'put', id: 1n, row: 1, dead: null, vectors, payload: null }] });
    const bytes = Buffer.from(storage.bytes.get(path) ?? []);
    bytes[HEADER_BYTES + 40] = 0xff;
    expect(await readAll(storageOf([[path, bytes]]))).toEqual({ records: [], torn: true, error: null });
  });
});
