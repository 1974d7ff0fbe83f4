import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeFile, temporaryFolder } from '../../test/vector-files.js';
import { readSample, type SampleOptions, sampleRows } from './sample.js';
import { openVectorSource, type VectorSource } from './vector-source.js';

const folder = temporaryFolder();

async function collect(source: VectorSource, options: SampleOptions): Promise<{ rows: number[]; values: number[] }> {
  const rows: number[] = [];
  const values: number[] = [];
  for await (const block of readSample(source, options)) {
    for (let at = 0; at < block.rows; at += 1) rows.push(block.firstRow + at * block.step);
    values.push(...block.data);
  }
  return { rows, values };
}

describe('readSample', () => {
  it('takes every N-th row of the range, whatever the windows', async () => {
    const table = Array.from({ length: 60 }, (_, row) => [row, 255 - row]);
    const source = await openVectorSource(
      folder.file('s.bvecs', encodeFile({ format: 'bvecs', element: 'u8', rows: table })),
    );
    const asked = fc.record({
      start: fc.nat(60),
      length: fc.nat(60),
      every: fc.integer({ min: 1, max: 70 }),
      bytesMax: fc.integer({ min: 1, max: 200 }),
    });
    await fc.assert(
      fc.asyncProperty(asked, async ({ start, length, every, bytesMax }) => {
        fc.pre(start + length <= 60);
        const wanted = table.slice(start, start + length).filter((_, at) => at % every === 0);
        const { rows, values } = await collect(source, { start, rows: length, every, bytesMax });
        expect(values).toEqual(wanted.flat());
        expect(rows).toEqual(wanted.map(([row]) => row));
        expect(rows.length).toBe(sampleRows(length, every));
      }),
    );
    source.close();
  });

  it('takes rows far apart one by one', async () => {
    const bytes = Buffer.alloc(8 + 23 * 32_768, Uint8Array.of(23, 0, 0, 0, 0, 128, 0, 0));
    for (let row = 0; row < 23; row += 1) bytes.fill(row, 8 + row * 32_768, 8 + (row + 1) * 32_768);
    const source = await openVectorSource(folder.file('far.u8bin', bytes));
    const { rows, values } = await collect(source, { start: 2, every: 5, bytesMax: 100_000 });
    expect(rows).toEqual([2, 7, 12, 17, 22]);
    expect(values.filter((_, at) => at % 32_768 === 0)).toEqual(rows);
    source.close();
  });

  it('refuses a range that the file does not have, and a stride below 1', async () => {
    const source = await openVectorSource(
      folder.file('r.u8bin', encodeFile({ format: 'u8bin', element: 'u8', rows: [[1]] })),
    );
    for (const options of [{ start: 2 }, { rows: 2, every: 1e6 }, { every: 0 }, { every: 1.5 }]) {
      await expect(readSample(source, options).next()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    }
    source.close();
  });
});
