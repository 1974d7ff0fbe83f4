import { describe, expect, it } from 'vitest';
import { collection, emptyStorage, locate, numbered, openWriter, readAll } from '../../test/wal-log.js';
import { parseWalName } from '../disk/file-names.js';
import { copyWal } from './copy-wal.js';
import { readWal, type WalLocation } from './wal-reader.js';

async function seqsOf(location: WalLocation, from: number): Promise<number[]> {
  const seqs: number[] = [];
  for await (const { seq } of readWal(location, { from })) seqs.push(seq);
  return seqs;
}

describe('a copy of a part of a log', () => {
  it('is a log of these records, while the original is written', async () => {
    const storage = emptyStorage();
    const writer = await openWriter(storage, { segmentBytes: 300 });
    for (let seq = 1; seq <= 40; seq += 1) await writer.append(numbered(seq));
    await storage.mkdir('/copy');
    const to = { storage, walDir: '/copy/wal', collection };
    let next = 41;
    await copyWal(locate(storage), { from: 12, through: 35 }, to, () => {
      writer.append(numbered(next)).catch(() => undefined);
      next += 1;
    });
    const copied = await seqsOf(to, 12);
    expect(copied).toEqual(Array.from({ length: 24 }, (_, at) => 12 + at));
    await writer.close();
    expect((await readAll(storage)).error).toBe(null);
  });

  it('of no records is none', async () => {
    const storage = emptyStorage();
    const to = { storage, walDir: '/copy/wal', collection };
    await copyWal(locate(storage), { from: 5, through: 4 }, to);
    expect(await seqsOf(to, 5)).toEqual([]);
  });
});

describe('records that somebody retains', () => {
  it('stay until they are let go of', async () => {
    const storage = emptyStorage();
    const writer = await openWriter(storage, { segmentBytes: 100 });
    for (let seq = 1; seq <= 20; seq += 1) await writer.append(numbered(seq));
    const first = async (): Promise<number> => {
      return Math.min(...(await storage.list('/c/wal')).map((name) => parseWalName(name) ?? Number.NaN));
    };
    const letGo = writer.retain(5);
    const alsoLetGo = writer.retain(9);
    await writer.dropThrough(15);
    expect(await first()).toBeLessThanOrEqual(5);
    expect(await first()).toBeGreaterThan(1);
    letGo();
    await writer.dropThrough(0);
    expect(await first()).toBeGreaterThan(5);
    expect(await first()).toBeLessThanOrEqual(9);
    alsoLetGo();
    alsoLetGo();
    await writer.dropThrough(0);
    expect(await first()).toBeGreaterThan(9);
    await writer.close();
    letGo();
  });
});
