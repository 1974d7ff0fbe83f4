// A vector file of 1.2 x 10^9 rows, nearly all of it a hole, planned and cut through the command: places past 2^31 and 2^32
// bytes and past 2^30 rows. How such files are read is in src/source/vector-source.test.ts and native/job/vector_file_test.cc.
import { closeSync, openSync, readFileSync, truncateSync, writeSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { planIndex } from '../src/index.js';
import { vamanaJson } from './vamana-command.js';
import { temporaryFolder } from './vector-files.js';

const ROWS = 1_200_000_000;
const DIM = 96;
const LAST = ROWS - 1;

describe('a sparse source of 1.2e9 rows', () => {
  const folder = temporaryFolder();
  let data: string;

  beforeAll(() => {
    const header = Buffer.alloc(8);
    header.writeUInt32LE(ROWS, 0);
    header.writeUInt32LE(DIM, 4);
    data = folder.file('huge.u8bin', header);
    truncateSync(data, 8 + ROWS * DIM);
    const file = openSync(data, 'r+');
    writeSync(file, Buffer.alloc(DIM, 7), 0, DIM, 8 + LAST * DIM);
    closeSync(file);
  });

  it('is planned: in memory where all fits, else in partitions', async () => {
    const index = folder.file('index');
    const whole = await planIndex({ data, index });
    expect(whole).toMatchObject({ partitions: 1, vectorsBytes: ROWS * DIM });
    expect(whole.peakBytes).toBeGreaterThan(ROWS * (DIM + 68 + 24 * 4));
    const memoryLimit = Math.round((whole.leastBytes + whole.peakBytes) / 2);
    const parted = await planIndex({ data, index, memoryLimit });
    expect(parted.partitions).toBeGreaterThan(2);
    expect(parted.peakBytes).toBeLessThanOrEqual(memoryLimit);
    await expect(planIndex({ data, index, memoryLimit: 64e9 })).rejects.toMatchObject({ code: 'MEMORY_LIMIT' });
  });

  it('is cut at its end', async () => {
    expect(await vamanaJson('head', data, '--rows', '1')).toMatchObject({ rows: ROWS, dim: DIM });
    const cut = folder.file('cut.u8bin');
    await vamanaJson('convert', data, cut, '--start', `${LAST - 1}`);
    const expected = Buffer.concat([Buffer.alloc(DIM), Buffer.alloc(DIM, 7)]);
    expect(readFileSync(cut).subarray(8).equals(expected)).toBe(true);
  });
});
