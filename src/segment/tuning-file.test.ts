// The seal of a tuning, and the index that it counts for.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readTuning, type Tuning, tunedFor, tuningPath, writeTuning } from './tuning-file.js';

const tuning: Tuning = {
  uuid: '00000000-0000-4000-8000-000000000001',
  k: 10,
  targetRecall: 0.95,
  listSize: 78,
  rerank: 'auto',
  heldOut: { queries: 5000, recall: 0.951, standardError: 0.001, reads: 11.7 },
  createdAt: '2026-01-02T03:04:05.000Z',
};

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vamana-tuning-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('a tuning', () => {
  it('is read back as it was written, beside the folder and replacing one before', async () => {
    const dir = join(folder, 'index');
    expect(await readTuning(dir)).toBeNull();
    await writeTuning(dir, { ...tuning, listSize: 5 });
    expect(await writeTuning(`${dir}/`, tuning)).toBe(join(folder, 'index.tuned'));
    expect(await readTuning(dir)).toEqual(tuning);
  });

  it('that is damaged anywhere is CORRUPT, whichever byte it is', async () => {
    const path = await writeTuning(folder, tuning);
    const bytes = readFileSync(path);
    for (let at = 0; at < bytes.length; at += 1) {
      const damaged = Buffer.from(bytes);
      damaged[at] = (damaged[at] ?? 0) ^ 0x10;
      writeFileSync(path, damaged);
      await expect(readTuning(folder)).rejects.toMatchObject({ code: 'CORRUPT' });
      writeFileSync(path, bytes.subarray(0, at));
      await expect(readTuning(folder)).rejects.toMatchObject({ code: 'CORRUPT' });
    }
    rmSync(tuningPath(folder), { force: true });
  });

  it('that says nonsense is not written', async () => {
    const nonsense: object[] = [{ listSize: 0 }, { rerank: 'deep' }, { k: 1.5 }, { uuid: 7 }, { heldOut: null }];
    for (const change of nonsense) {
      await expect(writeTuning(join(folder, 'x'), { ...tuning, ...change } as Tuning)).rejects.toMatchObject({
        code: 'INTERNAL',
      });
    }
  });

  it('widens for more results than it was measured for, and never narrows', () => {
    expect(tunedFor(tuning, 10)).toEqual({ listSize: 78, rerank: 'auto' });
    expect(tunedFor(tuning, 3)).toEqual({ listSize: 78, rerank: 'auto' });
    expect(tunedFor({ ...tuning, rerank: 15 }, 25)).toEqual({ listSize: 195, rerank: 38 });
  });
});
