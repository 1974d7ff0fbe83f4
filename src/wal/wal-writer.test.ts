import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { CallKind } from '../../test/faulty-storage.js';
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
import { nodeStorage } from '../disk/node-storage.js';
import { FRAME_BYTES, HEADER_BYTES } from './wal-format.js';
import type { WalRecord } from './wal-op.js';
import { readWal } from './wal-reader.js';
import { WalWriter } from './wal-writer.js';

function range(first: number, last: number): WalRecord[] {
  return Array.from({ length: last - first + 1 }, (_, at) => plain(numbered(first + at)));
}

function count(calls: readonly CallKind[], kind: CallKind): number {
  return calls.filter((call) => call === kind).length;
}

function walFiles(storage: ReturnType<typeof emptyStorage>): string[] {
  return [...storage.bytes.keys()].filter((name) => name.endsWith('.wal')).sort();
}

describe('group commit', () => {
  it('shares one write and one sync between those that wait', async () => {
    const storage = emptyStorage();
    const writer = await openWriter(storage);
    await writer.append(numbered(1));
    const before = [...storage.calls];
    await Promise.all(range(2, 41).map((record) => writer.append(record)));
    const calls = storage.calls.slice(before.length);
    expect([count(calls, 'write'), count(calls, 'datasync')]).toEqual([1, 1]);
    // Those that come while a group is under way make up the next.
    const first = writer.append(numbered(42));
    await null;
    await null;
    const others = range(43, 50).map((record) => writer.append(record));
    await Promise.all([first, ...others]);
    expect(writer.stats()).toMatchObject({ records: 50, syncs: 4, recordsPerSync: 12.5, lastSeq: 50, durableSeq: 50 });
    await writer.close();
    expect((await readAll(storage)).records).toEqual(range(1, 50));
  });

  it('resolves in order, and only once the record is durable', async () => {
    const storage = emptyStorage();
    const writer = await openWriter(storage);
    const done: number[] = [];
    await Promise.all(
      range(1, 20).map(async (record) => {
        await writer.append(record);
        done.push(record.seq);
        expect(writer.stats().durableSeq).toBeGreaterThanOrEqual(record.seq);
        expect((await readAll(storage.powerCut(record.seq))).records.length).toBeGreaterThanOrEqual(record.seq);
      }),
    );
    expect(done).toEqual(range(1, 20).map(({ seq }) => seq));
  });

  it('takes a group as one, and an empty one too', async () => {
    const storage = emptyStorage();
    const writer = await openWriter(storage);
    await writer.appendGroup(range(1, 5));
    await writer.appendGroup([]);
    expect(count(storage.calls, 'write')).toBe(2);
    await writer.close();
    expect((await readAll(storage)).records).toEqual(range(1, 5));
  });

  it('divides what waits when it is very long, but no group', async () => {
    const storage = emptyStorage();
    const writer = await openWriter(storage);
    await writer.append(numbered(1));
    const before = count(storage.calls, 'write');
    const groups = [2, 4, 6].map((seq) => [numbered(seq, 5e6), numbered(seq + 1, 5e6)]);
    await Promise.all(groups.map((group) => writer.appendGroup(group)));
    expect(count(storage.calls, 'write') - before).toBe(3);
  });

  it('refuses a number out of turn and a record that cannot be logged, and goes on', async () => {
    const storage = emptyStorage();
    const writer = await openWriter(storage);
    await expect(writer.append(numbered(2))).rejects.toMatchObject({ code: 'INTERNAL' });
    const bad: WalRecord = { seq: 1, ops: [{ kind: 'delete', id: -1n, row: 1 }] };
    await expect(writer.append(bad)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(writer.nextSeq).toBe(1);
    await writer.append(numbered(1));
    await writer.close();
    expect((await readAll(storage)).records).toEqual(range(1, 1));
  });
});

describe('sync policies', () => {
  it('none: written but not synced until asked', async () => {
    const storage = emptyStorage();
    const writer = await openWriter(storage, { sync: 'none' });
    await writer.append(numbered(1));
    await writer.append(numbered(2));
    expect(writer.stats()).toMatchObject({ syncs: 0, lastSeq: 2, durableSeq: 0 });
    await writer.sync();
    expect(writer.stats()).toMatchObject({ syncs: 1, durableSeq: 2 });
    await writer.append(numbered(3));
    await writer.close();
    expect((await readAll(storage.powerCut(1))).records).toEqual(range(1, 3));
  });

  it('none: a full segment is durable before the next exists', async () => {
    for (let seed = 0; seed < 60; seed += 1) {
      const storage = emptyStorage();
      const writer = await openWriter(storage, { sync: 'none', segmentBytes: 400 });
      for (const record of range(1, 12)) await writer.append(record);
      const { records, error } = await readAll(storage.powerCut(seed));
      expect(error, `seed ${seed}`).toBeNull();
      expect(records, `seed ${seed}`).toEqual(range(1, records.length));
      expect(records.length).toBeGreaterThanOrEqual(writer.stats().durableSeq);
    }
  });

  it('interval: one sync for all that was written meanwhile', async () => {
    const storage = emptyStorage();
    const writer = await openWriter(storage, { sync: { intervalMs: 20 } });
    for (const record of range(1, 5)) await writer.append(record);
    expect(writer.stats()).toMatchObject({ syncs: 0, durableSeq: 0 });
    for (let waited = 0; writer.stats().durableSeq < 5 && waited < 500; waited += 1) await sleep(5);
    expect(writer.stats()).toMatchObject({ syncs: 1, durableSeq: 5 });
    await writer.append(numbered(6));
    await writer.close();
    expect(writer.stats().durableSeq).toBe(6);
  });

  it('interval: a failed sync reaches the next caller', async () => {
    const storage = emptyStorage();
    const writer = await openWriter(storage, { sync: { intervalMs: 1 } });
    await writer.append(numbered(1));
    storage.failAt({ nth: 1, kind: 'datasync', errno: 'EIO' });
    let error: unknown = null;
    for (let seq = 2; error === null && seq < 500; seq += 1) {
      await sleep(1);
      error = await writer.append(numbered(seq)).then(
        () => null,
        (thrown) => thrown,
      );
    }
    expect(error).toMatchObject({ code: 'IO' });
  });

  it('interval: a failed write is not followed by the sync that was due', async () => {
    const storage = emptyStorage();
    const writer = await openWriter(storage, { sync: { intervalMs: 5 } });
    await writer.append(numbered(1));
    storage.failAt({ nth: 1, kind: 'write', errno: 'EIO' });
    await expect(writer.append(numbered(2))).rejects.toMatchObject({ code: 'IO' });
    const syncs = count(storage.calls, 'datasync');
    await sleep(30);
    await writer.close();
    expect(count(storage.calls, 'datasync')).toBe(syncs);
    expect(writer.stats().durableSeq).toBe(0);
  });
});

describe('segments', () => {
  it('are begun when one is full, and opening goes on in the last', async () => {
    const storage = emptyStorage();
    for (let seq = 1; seq <= 9; seq += 1) {
      const writer = await openWriter(storage, { segmentBytes: 400 });
      expect(writer.nextSeq).toBe(seq);
      await writer.append(numbered(seq));
      await writer.close();
    }
    const files = walFiles(storage);
    expect(files.length).toBeGreaterThan(2);
    expect(files.length).toBeLessThan(6);
    expect((await readAll(storage)).records).toEqual(range(1, 9));
    const { bytes, segments } = (await openWriter(storage)).stats();
    expect(segments).toBe(files.length);
    expect(bytes).toBe(files.reduce((sum, file) => sum + (storage.bytes.get(file)?.length ?? 0), 0));
  });

  it('are dropped whole, only below the number, the one being written too', async () => {
    const storage = emptyStorage();
    const writer = await openWriter(storage, { segmentBytes: 1 });
    for (const record of range(1, 6)) await writer.append(record);
    await writer.dropThrough(0);
    expect(walFiles(storage)).toHaveLength(6);
    await writer.dropThrough(3);
    expect(walFiles(storage)).toHaveLength(3);
    expect(writer.stats().segments).toBe(3);
    await Promise.all([writer.dropThrough(5), writer.dropThrough(6), writer.append(numbered(7))]);
    expect(walFiles(storage)).toEqual([walSegmentPath(walDir, 7)]);
    await writer.dropThrough(7);
    expect(walFiles(storage)).toEqual([]);
    expect(writer.stats()).toMatchObject({ segments: 0, bytes: 0, lastSeq: 7, durableSeq: 7 });
    await writer.append(numbered(8));
    await writer.close();
    expect((await readAll(storage, 8)).records).toEqual(range(8, 8));
    expect((await readAll(storage, 7)).error).toMatchObject({ code: 'CORRUPT' });
  });

  it('keep what comes at any moment while the one being written is dropped', async () => {
    const storage = emptyStorage();
    const writer = await openWriter(storage);
    for (let moment = 0; moment < 60; moment += 1) {
      const seq = 2 * moment + 1;
      await writer.append(numbered(seq));
      const dropping = writer.dropThrough(seq);
      for (let turn = 0; turn < moment; turn += 1) await null;
      await Promise.all([dropping, writer.append(numbered(seq + 1))]);
      expect((await readAll(storage, seq + 1)).records).toEqual(range(seq + 1, seq + 1));
      await writer.dropThrough(seq + 1);
      expect(walFiles(storage)).toEqual([]);
    }
    await writer.close();
  });

  it('keep the one being written while somebody retains a record of it', async () => {
    const storage = emptyStorage();
    const writer = await openWriter(storage);
    for (const record of range(1, 3)) await writer.append(record);
    const release = writer.retain(3);
    await writer.dropThrough(3);
    expect((await readAll(storage, 1)).records).toEqual(range(1, 3));
    release();
    await writer.dropThrough(3);
    expect(walFiles(storage)).toEqual([]);
    await writer.close();
  });

  it('keep a segment of which one record is needed', async () => {
    const storage = emptyStorage();
    const writer = await openWriter(storage, { segmentBytes: 400 });
    for (const record of range(1, 12)) await writer.append(record);
    for (let seq = 1; seq <= 12; seq += 1) {
      await writer.dropThrough(seq);
      const { records } = await readAll(storage, seq + 1);
      expect(records).toEqual(range(seq + 1, 12));
    }
  });

  it('begin anew above what is known elsewhere when the log is gone', async () => {
    const storage = emptyStorage();
    const writer = await openWriter(storage, { after: 41 });
    expect(writer.nextSeq).toBe(42);
    await writer.append(numbered(42));
    await writer.close();
    expect(walFiles(storage)).toEqual([walSegmentPath(walDir, 42)]);
    // A log that ends below it is not continued as if nothing were missing.
    const later = await openWriter(storage, { after: 50 });
    await later.append(numbered(51));
    await later.close();
    expect((await readAll(storage, 42)).error).toMatchObject({ code: 'CORRUPT' });
    expect((await readAll(storage, 51)).records).toEqual(range(51, 51));
  });
});

describe('opening after a crash', () => {
  it('cuts the torn tail and says so', async () => {
    const storage = emptyStorage();
    const writer = await openWriter(storage);
    for (const record of range(1, 3)) await writer.append(record);
    const path = walSegmentPath(walDir, 1);
    const whole = storage.bytes.get(path) ?? Buffer.alloc(0);
    const torn = storageOf([[path, Buffer.concat([whole, Buffer.alloc(100, 7)])]]);
    const reopened = await openWriter(torn);
    expect(reopened.cut).toEqual({ path, offset: whole.length, bytes: 100 });
    await reopened.append(numbered(4));
    await reopened.close();
    expect(await readAll(torn)).toEqual({ records: range(1, 4), torn: false, error: null });
  });

  it('takes away a segment without a record, whatever its header', async () => {
    for (const length of [0, 1, HEADER_BYTES - 1, HEADER_BYTES, HEADER_BYTES + 10]) {
      const storage = emptyStorage();
      const writer = await openWriter(storage, { segmentBytes: 1 });
      for (const record of range(1, 3)) await writer.append(record);
      const files = new Map(storage.bytes);
      const last = walSegmentPath(walDir, 3);
      files.set(last, (files.get(last) ?? Buffer.alloc(0)).subarray(0, length));
      const found = storageOf(files);
      const reopened = await openWriter(found);
      expect(walFiles(found)).toHaveLength(2);
      expect(reopened.nextSeq).toBe(3);
      await reopened.append(numbered(3));
      await reopened.close();
      expect(await readAll(found)).toEqual({ records: range(1, 3), torn: false, error: null });
    }
  });

  it('refuses damage and changes nothing', async () => {
    const storage = emptyStorage();
    const writer = await openWriter(storage);
    for (const record of range(1, 3)) await writer.append(record);
    const path = walSegmentPath(walDir, 1);
    const bytes = Buffer.from(storage.bytes.get(path) ?? []);
    bytes[HEADER_BYTES + FRAME_BYTES + 3] = 0xee;
    const found = storageOf([[path, bytes]]);
    await expect(openWriter(found)).rejects.toMatchObject({ code: 'CORRUPT' });
    expect(found.bytes.get(path)).toEqual(bytes);
  });

  it('writes again what a failed sync may have lost, before it is believed', async () => {
    for (let seed = 0; seed < 40; seed += 1) {
      const storage = emptyStorage(seed);
      const writer = await openWriter(storage);
      await writer.append(numbered(1, 3000));
      storage.failAt({ nth: 1, kind: 'datasync', errno: 'EIO' });
      await expect(writer.append(numbered(2, 3000))).rejects.toMatchObject({ code: 'IO' });
      await writer.close();
      // The system still shows record 2; a sync alone would succeed and save nothing.
      await openWriter(storage);
      const { records, error } = await readAll(storage);
      expect([records.length, error]).toEqual([2, null]);
      expect((await readAll(storage.powerCut(seed))).records, `seed ${seed}`).toEqual(records);
    }
  });

  it('keeps the mark of an end that was not synced, before it writes behind it', async () => {
    // Of many lengths, so that in some the mark lies in a sector that nothing writes again.
    for (let bytes = 300; bytes < 420; bytes += 1) {
      const storage = emptyStorage(bytes);
      const writer = await openWriter(storage);
      await writer.append(numbered(1, bytes));
      storage.failAt({ nth: 1, kind: 'datasync', errno: 'EIO' });
      await expect(writer.close()).rejects.toMatchObject({ code: 'IO' });
      const reopened = await openWriter(storage);
      await reopened.append(numbered(2));
      const { records, error } = await readAll(storage.powerCut(1));
      expect([records.length, error], `${bytes} bytes`).toEqual([2, null]);
    }
  });
});

describe('after a failure', () => {
  const kinds: [CallKind, 'ENOSPC' | 'EIO', string][] = [
    ['write', 'ENOSPC', 'DISK_FULL'],
    ['write', 'EIO', 'IO'],
    ['datasync', 'EIO', 'IO'],
  ];

  it.each(kinds)('of a %s with %s everything is refused with the same cause', async (kind, errno, code) => {
    const storage = emptyStorage();
    const writer = await openWriter(storage);
    await writer.append(numbered(1));
    storage.failAt({ nth: 1, kind, errno });
    const first = writer.append(numbered(2));
    await null;
    await null;
    const second = writer.append(numbered(3));
    const failed = await Promise.allSettled([first, second]);
    const later = await Promise.allSettled([writer.append(numbered(4)), writer.sync(), writer.append(numbered(5))]);
    const reasons = [...failed, ...later].map((result) => (result.status === 'rejected' ? result.reason : null));
    const cause = reasons[0]?.cause;
    expect(cause).toMatchObject({ code: errno });
    for (const reason of reasons) expect(reason).toMatchObject({ code, cause });
    await writer.close();
    // Reopened, it goes on; what was refused may be there whole, or not.
    const reopened = await openWriter(storage);
    const { nextSeq } = reopened;
    expect(nextSeq).toBeGreaterThanOrEqual(2);
    await reopened.append(numbered(nextSeq));
    await reopened.close();
    expect((await readAll(storage)).records).toEqual(range(1, nextSeq));
  });

  it('of dropping, writing goes on', async () => {
    const storage = emptyStorage();
    const writer = await openWriter(storage, { segmentBytes: 1 });
    for (const record of range(1, 3)) await writer.append(record);
    storage.failAt({ nth: 1, kind: 'unlink', errno: 'EIO' });
    await expect(writer.dropThrough(2)).rejects.toMatchObject({ code: 'IO' });
    await writer.append(numbered(4));
    await writer.dropThrough(2);
    expect(walFiles(storage)).toHaveLength(2);
  });
});

describe('a closed log', () => {
  it('takes nothing more, and closes once', async () => {
    const storage = emptyStorage();
    const writer = await openWriter(storage);
    const last = writer.append(numbered(1));
    await Promise.all([writer.close(), writer.close()]);
    await last;
    await expect(writer.append(numbered(2))).rejects.toMatchObject({ code: 'CLOSED' });
    await expect(writer.sync()).rejects.toMatchObject({ code: 'CLOSED' });
    await expect(writer.dropThrough(1)).rejects.toMatchObject({ code: 'CLOSED' });
  });

  it('grows by nothing when it is opened and closed', async () => {
    const storage = emptyStorage();
    const writer = await openWriter(storage);
    await writer.append(numbered(1));
    await writer.close();
    const bytes = storage.bytes.get(walSegmentPath(walDir, 1));
    for (let time = 0; time < 3; time += 1) await (await openWriter(storage)).close();
    expect(storage.bytes.get(walSegmentPath(walDir, 1))).toEqual(bytes);
  });
});

describe('on the file system', () => {
  it('writes, rotates, reopens, drops and reads', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'vamana-wal-'));
    try {
      const location = { storage: nodeStorage, walDir: join(dir, 'wal'), collection };
      for (let round = 0; round < 3; round += 1) {
        const writer = await WalWriter.open({ ...location, after: 0, segmentBytes: 5000 });
        const first = writer.nextSeq;
        await Promise.all(range(first, first + 39).map((record) => writer.append(record)));
        await writer.append(numbered(first + 40, 100_000));
        await writer.close();
      }
      expect(readdirSync(location.walDir).length).toBeGreaterThan(2);
      const seqs: number[] = [];
      for await (const { seq } of readWal(location, { from: 1 })) seqs.push(seq);
      expect(seqs).toEqual(Array.from({ length: 123 }, (_, at) => at + 1));
      const writer = await WalWriter.open({ ...location, after: 0, segmentBytes: 5000 });
      await writer.append(numbered(124));
      await writer.dropThrough(123);
      await writer.close();
      expect(readdirSync(location.walDir)).toEqual(['000000000000007c.wal']);
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });
});
