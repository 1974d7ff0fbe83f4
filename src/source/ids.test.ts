import { describe, expect, it } from 'vitest';
import { encodeFile, temporaryFolder } from '../../test/vector-files.js';
import { readIds, writeIds } from './ids.js';

const folder = temporaryFolder();

describe('ids', () => {
  it.each(['ivecs', 'ibin'])('come back from .%s as they were written', async (format) => {
    const path = folder.file(`ids.${format}`);
    const ids = Uint32Array.of(3, 1, 2 ** 31, 0, 7, 0xffffffff);
    await writeIds(path, { k: 3, ids });
    expect(await readIds(path)).toEqual({ rows: 2, k: 3, ids });
  });

  it('padded with -1 read as noRow', async () => {
    const path = folder.file('padded.ivecs', encodeFile({ format: 'ivecs', element: 'i32', rows: [[5, -1]] }));
    expect((await readIds(path)).ids).toEqual(Uint32Array.of(5, 0xffffffff));
  });

  it('take part of a larger array', async () => {
    const path = folder.file('part.ibin');
    await writeIds(path, { k: 1, ids: Int32Array.of(9, 8, 7).subarray(1) });
    expect((await readIds(path)).ids).toEqual(Uint32Array.of(8, 7));
  });

  it('are not read from a file of vectors', async () => {
    const path = folder.file('vectors.u8bin', encodeFile({ format: 'u8bin', element: 'u8', rows: [[1]] }));
    await expect(readIds(path)).rejects.toThrow(/vectors\.u8bin holds u8 and not ids/);
    await expect(writeIds(folder.file('no.fvecs'), { k: 1, ids: Uint32Array.of(1) })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  });

  it('do not replace a file unless forced', async () => {
    const path = folder.file('again.ivecs');
    await writeIds(path, { k: 1, ids: Uint32Array.of(1) });
    await expect(writeIds(path, { k: 1, ids: Uint32Array.of(2) })).rejects.toMatchObject({ code: 'ALREADY_EXISTS' });
    await writeIds(path, { k: 1, ids: Uint32Array.of(2) }, { force: true });
    expect((await readIds(path)).ids).toEqual(Uint32Array.of(2));
  });
});
