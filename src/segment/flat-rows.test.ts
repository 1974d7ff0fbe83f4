import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { hdf5File, parquetFile } from '../../test/column-files.js';
import { encodeFile, temporaryFolder } from '../../test/vector-files.js';
import { buildIndex, planIndex } from './build-index.js';
import { openIndex } from './open-index.js';

const folder = temporaryFolder();
const rows = Array.from({ length: 300 }, (_, row) => [row % 17, row % 23, row % 5, row / 300]);
const left = (): string[] => readdirSync(folder.path).filter((name) => name.endsWith('.npy'));

describe('a build from a column format', () => {
  it('makes the index that one from a flat file makes, and leaves no copy of the vectors', async () => {
    const flat = folder.file('rows.fvecs', encodeFile({ format: 'fvecs', element: 'f32', rows }));
    const parquet = folder.file('rows.parquet', parquetFile({ vectors: rows, group: 90 }));
    const hdf5 = folder.file('rows.hdf5');
    const data = Float32Array.from(rows.flat());
    await hdf5File(hdf5, { train: { data, shape: [300, 4] }, neighbors: { data: Int32Array.of(1), shape: [1, 1] } });
    const found = [];
    for (const [at, path] of [flat, parquet, hdf5].entries()) {
      const index = folder.file(`index-${at}`);
      expect((await planIndex({ data: path, index })).partitions).toBe(1);
      expect(await buildIndex({ data: path, index })).toMatchObject({ rows: 300, dim: 4 });
      const opened = await openIndex(index);
      found.push(await opened.search(Float32Array.from(rows[42] as number[]), { k: 5 }));
      await opened.close();
    }
    expect(found[1]?.rows).toEqual(found[0]?.rows);
    expect(found[2]?.rows).toEqual(found[0]?.rows);
    expect(left()).toEqual([]);
    const ids = buildIndex({ data: `${hdf5}#neighbors`, index: folder.file('ids') });
    await expect(ids).rejects.toThrow(/ids and not vectors/);
  });

  it('refuses NaN, stops when it is told to, and leaves no copy then either', async () => {
    const bad = parquetFile({ vectors: [...rows, [1, 2, Number.NaN, 4]] });
    const data = folder.file('bad.parquet', bad);
    const index = folder.file('never');
    await expect(buildIndex({ data, index })).rejects.toMatchObject({
      code: 'NOT_FINITE',
      message: expect.stringMatching(/bad\.parquet: row 300, column 2 is NaN/),
    });
    const controller = new AbortController();
    const stopped = buildIndex({ data: folder.file('rows.parquet'), index, signal: controller.signal });
    controller.abort();
    await expect(stopped).rejects.toMatchObject({ code: 'ABORTED' });
    expect(left()).toEqual([]);
  });
});
