import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeFile, npyHeader, temporaryFolder } from '../../test/vector-files.js';
import { openIdList } from './id-list.js';

const folder = temporaryFolder();

async function idsOf(path: string, start = 0): Promise<(bigint | string)[]> {
  const list = await openIdList(path);
  try {
    const ids: (bigint | string)[] = [];
    for await (const id of list.ids(start)) ids.push(id);
    if (list.rows !== null) expect(ids).toHaveLength(list.rows - start);
    return ids;
  } finally {
    list.close();
  }
}

describe('a list of ids', () => {
  it('of text has a number, a UUID or a string a line', async () => {
    const path = folder.file(
      'a.txt',
      Buffer.from('7\n18446744073709551615\r\n 550e8400-e29b-41d4-a716-446655440000 \nword\n'),
    );
    const ids = [7n, 18446744073709551615n, '550e8400-e29b-41d4-a716-446655440000', 'word'];
    expect(await idsOf(path)).toEqual(ids);
    expect(await idsOf(path, 2)).toEqual(ids.slice(2));
    await expect(idsOf(folder.file('b.txt', Buffer.from('1\n\n2\n')))).rejects.toThrow(/line 2 is empty/);
  });

  it('of 32-bit numbers has them unsigned', async () => {
    const rows = [[5], [0], [-1]];
    const ivecs = folder.file('a.ivecs', encodeFile({ format: 'ivecs', element: 'i32', rows }));
    const ibin = folder.file('a.ibin', encodeFile({ format: 'ibin', element: 'i32', rows }));
    for (const path of [ivecs, ibin]) {
      expect(await idsOf(path)).toEqual([5n, 0n, 4294967295n]);
      expect(await idsOf(path, 1)).toEqual([0n, 4294967295n]);
    }
    const wide = folder.file('b.ibin', encodeFile({ format: 'ibin', element: 'i32', rows: [[1, 2]] }));
    await expect(openIdList(wide)).rejects.toThrow(/2 numbers a row, expected one id a row/);
  });

  it('of NumPy has integers of any size', async () => {
    const numbers = fc.array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), { maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(numbers, fc.constantFrom('(%,)', '(%, 1)'), async (ids, shape) => {
        const bytes = Buffer.from(BigUint64Array.from(ids).buffer);
        const header = npyHeader("'descr': '<u8'", shape.replace('%', String(ids.length)));
        const path = folder.file('a.npy', Buffer.concat([header, bytes]));
        expect(await idsOf(path)).toEqual(ids);
      }),
      { numRuns: 30 },
    );
    const small = folder.file(
      'b.npy',
      Buffer.concat([npyHeader("'descr': '<i2'", '(2,)'), Buffer.from([1, 0, 255, 255])]),
    );
    expect(await idsOf(small)).toEqual([1n, -1n]);
  });

  it('that is none says so', async () => {
    const npy = (descr: string, shape: string, bytes: number): string => {
      return folder.file('c.npy', Buffer.concat([npyHeader(`'descr': '${descr}'`, shape), Buffer.alloc(bytes)]));
    };
    await expect(openIdList(npy('<f4', '(2,)', 8))).rejects.toThrow(/elements of type <f4, expected integers/);
    await expect(openIdList(npy('>i8', '(1,)', 8))).rejects.toThrow(/little-endian/);
    await expect(openIdList(npy('<i8', '(2, 2)', 32))).rejects.toThrow(/found shape \(2, 2\)/);
    await expect(openIdList(npy('<i8', '(3,)', 16))).rejects.toThrow(/24 bytes|expected \d+ bytes for 3 integers/);
    await expect(openIdList(folder.file('a.csv', Buffer.from('1')))).rejects.toThrow(/names no list of ids/);
    await expect(openIdList(folder.file('none.npy'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});
