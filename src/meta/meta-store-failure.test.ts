// What happens when the system refuses a write in the middle of a transaction. The limit on file sizes stands in
// for a full or broken disk: writes past it fail in lmdb as EIO. It is a limit of this process, hence a file of its
// own; lmdb prints the failure to stderr by itself.
import { execFileSync } from 'node:child_process';
import { afterEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../test/vector-files.js';
import type { MetaRecord } from './meta-batch.js';
import { openMetaStore } from './meta-store.js';

const folder = temporaryFolder();
const options = { reserveBytes: 0, mapBytes: 2 ** 26 };

function limitFileSize(bytes: number | 'unlimited'): void {
  execFileSync('prlimit', ['--pid', String(process.pid), `--fsize=${bytes}:unlimited`]);
}

afterEach(() => limitFileSize('unlimited'));

function record(seq: number): MetaRecord {
  const payload = new Uint8Array(100_000).fill(0x90);
  return {
    seq,
    ops: [0, 1].map((i) => ({ kind: 'put', id: BigInt(2 * seq + i), row: 2 * seq + i, dead: null, payload })),
  };
}

describe('a write that the system refuses', () => {
  it('changes nothing, is an error, and leaves a store that is read and opened again', async () => {
    const rejections: unknown[] = [];
    const note = (reason: unknown): number => rejections.push(reason);
    process.on('unhandledRejection', note);
    const store = openMetaStore(folder.file('store'), options);
    await store.apply([record(1), record(2)]);
    const before = store.snapshot();
    limitFileSize(store.fileBytes + 50_000);
    await expect(store.apply([record(3)])).rejects.toMatchObject({ code: 'IO' });
    await expect(store.apply([{ seq: 4, ops: [] }])).rejects.toMatchObject({ code: 'IO' });
    await expect(store.flushed()).rejects.toMatchObject({ code: 'IO' });
    const after = store.snapshot();
    for (const snapshot of [before, after]) {
      expect(snapshot).toMatchObject({ seq: 2, count: 4 });
      expect(snapshot.recordOf(5)?.payload).toHaveLength(100_000);
      expect(snapshot.rowOf(6n)).toBeUndefined();
    }
    await store.close();
    limitFileSize('unlimited');
    const again = openMetaStore(store.path, options);
    expect(again.state).toEqual({ appliedSeq: 2, nextRow: 6, points: 4, hasFields: false });
    await again.apply([record(3)]);
    expect(again.state.points).toBe(6);
    await again.close();
    process.off('unhandledRejection', note);
    expect(rejections).toEqual([]);
  });
});
