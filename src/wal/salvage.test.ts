import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FaultyStorage } from '../../test/faulty-storage.js';
import { emptyStorage, locate, numbered, openWriter, plain, storageOf, walDir } from '../../test/wal-log.js';
import { walSegmentPath } from '../disk/file-names.js';
import { type SalvageReport, salvageWal } from './salvage.js';
import { FRAME_BYTES, HEADER_BYTES } from './wal-format.js';
import type { WalRecord } from './wal-op.js';

const RECORDS = 8;
const records = Array.from({ length: RECORDS }, (_, at) => plain(numbered(at + 1)));

async function makeFiles(): Promise<Map<string, Buffer>> {
  const storage = emptyStorage();
  const writer = await openWriter(storage, { segmentBytes: 300 });
  for (const record of records) await writer.append(record);
  await writer.close();
  return new Map([...storage.bytes].filter(([name]) => name.endsWith('.wal')));
}

async function salvage(storage: FaultyStorage, from = 1): Promise<{ taken: WalRecord[]; report: SalvageReport }> {
  const taken: WalRecord[] = [];
  const report = await salvageWal(locate(storage), from, (record) => {
    taken.push(plain(record));
  });
  expect(report.records).toBe(taken.length);
  return { taken, report };
}

describe('salvage', () => {
  it('of a whole log gives all of it and reports no loss', async () => {
    const files = await makeFiles();
    const { taken, report } = await salvage(storageOf(files));
    expect(taken).toEqual(records);
    expect(report).toEqual({ files: files.size, records: RECORDS, firstSeq: 1, lastSeq: RECORDS, lost: [], gaps: [] });
    expect((await salvage(storageOf(files), 5)).taken).toEqual(records.slice(4));
  });

  it('of a log with any byte flipped loses at most the record it is in, and says where', async () => {
    const files = await makeFiles();
    for (const [path, bytes] of files) {
      for (let at = 0; at < bytes.length; at += 1) {
        const flipped = Buffer.from(bytes);
        flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8));
        const { taken, report } = await salvage(storageOf(new Map(files).set(path, flipped)));
        const where = `${path}, byte ${at}`;
        expect(report.lost, where).toHaveLength(1);
        const [lost] = report.lost;
        expect([lost?.path, at >= (lost?.from ?? 0), at < (lost?.to ?? 0)], where).toEqual([path, true, true]);
        const missing = records.filter(({ seq }) => !taken.some((record) => record.seq === seq));
        expect(missing.length, where).toBeLessThanOrEqual(at < HEADER_BYTES ? 0 : 1);
        expect(taken, where).toEqual(records.filter((record) => !missing.includes(record)));
        const gaps = missing.filter(({ seq }) => seq < RECORDS).map(({ seq }) => ({ firstSeq: seq, lastSeq: seq }));
        expect(report.gaps, where).toEqual(gaps);
      }
    }
  });

  it('of a log with stretches overwritten gives records unchanged, in order', async () => {
    const files = await makeFiles();
    const paths = [...files.keys()];
    const stretch = fc.record({ file: fc.nat(), at: fc.nat(), noise: fc.uint8Array({ minLength: 1, maxLength: 200 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(stretch, { minLength: 1, maxLength: 4 }), async (stretches) => {
        const changed = new Map([...files].map(([path, bytes]) => [path, Buffer.from(bytes)]));
        for (const { file, at, noise } of stretches) {
          const bytes = changed.get(paths[file % paths.length] ?? '') ?? Buffer.alloc(1);
          Buffer.from(noise).copy(bytes, at % bytes.length);
        }
        const { taken, report } = await salvage(storageOf(changed));
        expect(taken).toEqual(records.filter(({ seq }) => taken.some((record) => record.seq === seq)));
        const missing = report.gaps.reduce((sum, gap) => sum + gap.lastSeq - gap.firstSeq + 1, 0);
        expect(missing + taken.length).toBe(report.lastSeq ?? 0);
      }),
      { numRuns: 200 },
    );
  });

  it('passes over a missing segment and what cannot be read', async () => {
    const files = await makeFiles();
    const second = [...files.keys()][1] ?? '';
    const rest = new Map(files);
    rest.delete(second);
    const { report } = await salvage(storageOf(rest));
    expect(report).toMatchObject({ lost: [], files: files.size - 1 });
    expect(report.gaps).toHaveLength(1);

    const storage = storageOf(files);
    // The first read gets the whole small file; failing it and its one block leaves zeros.
    storage.failAt({ nth: 1, kind: 'read', errno: 'EIO' });
    expect((await salvage(storage)).taken).toEqual(records);
  });

  it('counts a block that the disk refuses as lost', async () => {
    const path = walSegmentPath(walDir, 1);
    const storage = emptyStorage();
    const writer = await openWriter(storage);
    for (let seq = 1; seq <= 3; seq += 1) await writer.append(numbered(seq, 9000));
    await writer.close();
    const bad = new BadBlockStorage(path, 4096);
    bad.put(path, storage.bytes.get(path) ?? Buffer.alloc(0));
    const { taken, report } = await salvage(bad);
    expect(taken.map(({ seq }) => seq)).toEqual([2, 3]);
    expect(report.gaps).toEqual([{ firstSeq: 1, lastSeq: 1 }]);
    expect(report.lost).toContainEqual({ path, from: 4096, to: 8192, problem: 'unreadable' });
  });

  it('refuses a later format', async () => {
    const files = await makeFiles();
    const { crc32 } = await import('node:zlib');
    const path = walSegmentPath(walDir, 1);
    const bytes = Buffer.from(files.get(path) ?? []);
    bytes.writeUInt32LE(2, 8);
    bytes.writeUInt32LE(crc32(bytes.subarray(0, 60)), 60);
    await expect(salvage(storageOf(new Map(files).set(path, bytes)))).rejects.toMatchObject({ code: 'TOO_NEW' });
  });

  it('leaves a torn tail out', async () => {
    const files = await makeFiles();
    const last = [...files.keys()].at(-1) ?? '';
    const bytes = files.get(last) ?? Buffer.alloc(0);
    const cut = bytes.subarray(0, bytes.length - FRAME_BYTES - 5);
    const { taken, report } = await salvage(storageOf(new Map(files).set(last, cut)));
    expect(taken).toEqual(records.slice(0, -1));
    expect(report).toMatchObject({ gaps: [], lost: [{ path: last, to: cut.length, problem: 'no valid record' }] });
  });
});

/** A storage with one block of one file that reads end in EIO at. */
class BadBlockStorage extends FaultyStorage {
  constructor(
    private readonly badPath: string,
    private readonly badOffset: number,
  ) {
    super();
  }

  override async open(...call: Parameters<FaultyStorage['open']>): ReturnType<FaultyStorage['open']> {
    const file = await super.open(...call);
    if (call[0] !== this.badPath) return file;
    const read = file.read.bind(file);
    file.read = async (offset, length) => {
      const hits = offset < this.badOffset + 4096 && offset + length > this.badOffset;
      if (hits) this.failAt({ nth: 1, kind: 'read', errno: 'EIO' });
      return read(offset, length);
    };
    return file;
  }
}
