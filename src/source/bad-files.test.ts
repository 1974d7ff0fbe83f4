// Every way in which a vector file can be bad, one test each: the code, the file and the offset in the message.
import { truncateSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { encodeElement, encodeFile, npyHeader, temporaryFolder } from '../../test/vector-files.js';
import { VamanaError } from '../errors.js';
import { requireFinite } from './finite.js';
import { openVectorSource, vectorShape } from './vector-source.js';

const folder = temporaryFolder();
const i32 = (value: number): Buffer => encodeElement('i32', value);
const F4 = "'descr': '<f4'";

/** Opens the file, reads and checks all rows, and returns the error; the test fails if there is none. */
async function failure(path: string, format?: string): Promise<VamanaError> {
  try {
    const source = await openVectorSource(path, format === undefined ? {} : { format });
    try {
      for await (const window of source.windows({ bytesMax: 64 })) requireFinite(source, window);
    } finally {
      source.close();
    }
  } catch (error) {
    expect(error).toBeInstanceOf(VamanaError);
    return error as VamanaError;
  }
  throw new Error(`${path} was read without complaint`);
}

interface Case {
  what: string;
  name: string;
  bytes: Uint8Array;
  offset: number;
  says: RegExp;
  code?: string;
}

const fvecs = (rows: number[][]): Buffer => encodeFile({ format: 'fvecs', element: 'f32', rows });
const u8bin = (rows: number[][]): Buffer => encodeFile({ format: 'u8bin', element: 'u8', rows });
const npy = (rows: number[][], element: 'f64' | 'f32' | 'f16' = 'f32'): Buffer =>
  encodeFile({ format: 'npy', element, rows });
const wide = [
  [1, 2, 3],
  [4, 5, 6],
];
const body = Buffer.alloc(24);

const CASES: Case[] = [
  { what: 'an empty file', name: 'a.fvecs', bytes: Buffer.alloc(0), offset: 0, says: /empty/ },
  { what: 'an empty npy file', name: 'a.npy', bytes: Buffer.alloc(0), offset: 0, says: /empty/ },
  {
    what: 'a truncated row header',
    name: 'b.bvecs',
    bytes: Buffer.alloc(3),
    offset: 3,
    says: /expected 4 bytes, found 3/,
  },
  { what: 'a truncated bin header', name: 'b.fbin', bytes: i32(4), offset: 4, says: /expected 8 bytes, found 4/ },
  { what: 'a truncated npy preamble', name: 'b.npy', bytes: npy(wide).subarray(0, 9), offset: 9, says: /cut off/ },
  { what: 'a truncated npy magic', name: 'b2.npy', bytes: npy(wide).subarray(0, 3), offset: 3, says: /cut off/ },
  {
    what: 'a truncated npy text',
    name: 'b3.npy',
    bytes: npy(wide).subarray(0, 90),
    offset: 90,
    says: /expected 128 bytes, found 90/,
  },
  {
    what: 'truncated fvecs rows',
    name: 'c.fvecs',
    bytes: fvecs(wide).subarray(0, 31),
    offset: 16,
    says: /expected 16 bytes .*found 15/,
  },
  {
    what: 'truncated bin rows',
    name: 'c.u8bin',
    bytes: u8bin(wide).subarray(0, 12),
    offset: 11,
    says: /expected 14 bytes for 2 rows x 3 u8, found 12/,
  },
  {
    what: 'truncated npy rows',
    name: 'c.npy',
    bytes: npy(wide).subarray(0, 150),
    offset: 140,
    says: /expected 152 bytes .*found 150/,
  },
  {
    what: 'a bin file larger than its header says',
    name: 'd.u8bin',
    bytes: Buffer.concat([u8bin(wide), body]),
    offset: 14,
    says: /more than the header says: expected 14 .*found 38/,
  },
  {
    what: 'a npy file larger than its header says',
    name: 'd.npy',
    bytes: Buffer.concat([npy(wide), body]),
    offset: 152,
    says: /more than the header says: expected 152 .*found 176/,
  },
  {
    what: 'a row dimension that changes',
    name: 'e.ivecs',
    bytes: Buffer.concat([i32(1), i32(7), i32(2), i32(7)]),
    offset: 8,
    says: /row 1 says dimension 2, while the first row says 1/,
  },
  { what: 'dimension zero', name: 'f.fvecs', bytes: i32(0), offset: 0, says: /dimension 0; expected 1 to 65536/ },
  { what: 'a negative dimension', name: 'f2.fvecs', bytes: i32(-5), offset: 0, says: /dimension -5/ },
  { what: 'an absurd dimension', name: 'f3.fvecs', bytes: i32(65537), offset: 0, says: /dimension 65537/ },
  {
    what: 'dimension zero in a bin header',
    name: 'f.fbin',
    bytes: Buffer.concat([i32(1), i32(0)]),
    offset: 4,
    says: /dimension 0/,
  },
  {
    what: 'an absurd dimension in a bin header',
    name: 'f2.fbin',
    bytes: Buffer.concat([i32(1), i32(-1)]),
    offset: 4,
    says: /dimension 4294967295/,
  },
  {
    what: 'dimension zero in a npy shape',
    name: 'f.npy',
    bytes: npyHeader(F4, '(3, 0)'),
    offset: 10,
    says: /dimension 0/,
  },
  {
    what: 'a negative dimension in a npy shape',
    name: 'f2.npy',
    bytes: npyHeader(F4, '(3, -2)'),
    offset: 10,
    says: /dimension -2/,
  },
  {
    what: 'zero rows in a bin header',
    name: 'g.ibin',
    bytes: Buffer.concat([i32(0), i32(4)]),
    offset: 0,
    says: /0 rows/,
  },
  { what: 'zero rows in a npy shape', name: 'g.npy', bytes: npyHeader(F4, '(0, 4)'), offset: 10, says: /0 rows/ },
  {
    what: 'rows beyond 2^53',
    name: 'g2.npy',
    bytes: npyHeader(F4, '(99999999999999999999, 4)'),
    offset: 10,
    says: /below 2\^53/,
  },
  {
    what: 'bytes beyond 2^53',
    name: 'g3.npy',
    bytes: npyHeader(F4, '(9007199254740991, 4)'),
    offset: 0,
    says: /beyond 2\^53 bytes/,
  },
  {
    what: 'Fortran order',
    name: 'h.npy',
    bytes: Buffer.concat([npyHeader(F4, '(2, 3)', 'True'), body]),
    offset: 10,
    says: /Fortran order .*ascontiguousarray/,
  },
  {
    what: 'a dtype of objects',
    name: 'h2.npy',
    bytes: npyHeader("'descr': '|O'", '(2, 3)'),
    offset: 10,
    says: /Python objects/,
  },
  {
    what: 'a structured dtype',
    name: 'h3.npy',
    bytes: npyHeader("'descr': [('a', '<f4')]", '(2, 3)'),
    offset: 10,
    says: /structured/,
  },
  {
    what: 'an unsupported dtype',
    name: 'h4.npy',
    bytes: npyHeader("'descr': '<i4'", '(2, 3)'),
    offset: 10,
    says: /<i4 is not read; expected <f2, <f4/,
  },
  {
    what: 'a dtype that is no dtype',
    name: 'h5.npy',
    bytes: npyHeader("'descr': 'toString'", '(2, 3)'),
    offset: 10,
    says: /toString is not read/,
  },
  {
    what: 'big-endian elements',
    name: 'h6.npy',
    bytes: Buffer.concat([npyHeader("'descr': '>f4'", '(2, 3)'), body]),
    offset: 10,
    says: /big-endian .*astype\('<f4'\)/,
  },
  {
    what: 'a 1-d npy shape',
    name: 'i.npy',
    bytes: npyHeader(F4, '(6,)'),
    offset: 10,
    says: /2-d shape \(rows, dimension\), found \(6\)/,
  },
  { what: 'a 3-d npy shape', name: 'i2.npy', bytes: npyHeader(F4, '(1, 2, 3)'), offset: 10, says: /found \(1, 2, 3\)/ },
  { what: 'a wrong npy magic', name: 'j.npy', bytes: fvecs(wide), offset: 0, says: /magic .*found 03 00 00 00/ },
  {
    what: 'an unknown npy version',
    name: 'j2.npy',
    bytes: npyHeader(F4, '(2, 3)', 'False', 4),
    offset: 6,
    says: /version 4\.0/,
  },
  {
    what: 'an absurd npy header length',
    name: 'j3.npy',
    bytes: Buffer.concat([npyHeader(F4, '(2, 3)', 'False', 2).subarray(0, 8), i32(-1)]),
    offset: 8,
    says: /4294967295 bytes of text/,
  },
  {
    what: 'a npy header that is no dictionary',
    name: 'j4.npy',
    bytes: Buffer.from('\x93NUMPY\x01\x00\x03\x00[1]', 'latin1'),
    offset: 10,
    says: /no Python dictionary/,
  },
  {
    what: 'a npy header that is no literal',
    name: 'j5.npy',
    bytes: Buffer.from('\x93NUMPY\x01\x00\x02\x00{(', 'latin1'),
    offset: 10,
    says: /no Python dictionary: unexpected/,
  },
  {
    what: 'NaN',
    name: 'k.fvecs',
    bytes: fvecs([
      [1, 2],
      [3, Number.NaN],
    ]),
    offset: 20,
    says: /row 1, column 1 is NaN/,
    code: 'NOT_FINITE',
  },
  {
    what: 'infinity',
    name: 'k.fbin',
    bytes: encodeFile({ format: 'fbin', element: 'f32', rows: [[1], [Number.NEGATIVE_INFINITY]] }),
    offset: 12,
    says: /row 1, column 0 is -Infinity/,
    code: 'NOT_FINITE',
  },
  {
    what: 'an infinite half',
    name: 'k.npy',
    bytes: npy([[0x3c00, 0x7c00]], 'f16'),
    offset: 130,
    says: /column 1 is Infinity/,
    code: 'NOT_FINITE',
  },
  {
    what: 'a double beyond f32',
    name: 'k2.npy',
    bytes: npy(
      [
        [1, 2],
        [-1e39, 3],
      ],
      'f64',
    ),
    offset: 144,
    says: /row 1, column 0 is -Infinity \(.*beyond f32/,
    code: 'NOT_FINITE',
  },
];

describe('a vector file is refused for', () => {
  it.each(CASES)('$what', async ({ name, bytes, offset, says, code = 'BAD_VECTOR_FILE' }) => {
    const path = folder.file(name, bytes);
    const error = await failure(path);
    expect(error).toMatchObject({ code, path, offset });
    expect(error.message).toContain(`${path}: at byte ${offset}: `);
    expect(error.message).toMatch(says);
  });

  it('an unknown extension, naming the known ones', async () => {
    const error = await failure(folder.file('x.vec', u8bin(wide)));
    expect(error.code).toBe('INVALID_ARGUMENT');
    expect(error.message).toMatch(/x\.vec: extension \.vec .*\.fvecs .*\.npy.*--format/);
    expect((await failure(folder.file('noname', u8bin(wide)))).message).toMatch(/no extension/);
  });

  it('an unknown format, naming the known ones', async () => {
    const error = await failure(folder.file('x.u8bin', u8bin(wide)), 'csv');
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(error.message).toMatch(/format csv .*fvecs, bvecs/);
  });

  it('being absent', async () => {
    const error = await failure(folder.file('absent.fvecs'));
    expect(error).toMatchObject({ code: 'NOT_FOUND' });
    expect(error.message).toMatch(/^open .*absent\.fvecs: no such file or directory \(ENOENT\)$/);
  });

  it('being a folder', async () => {
    const error = await failure(folder.path, 'npy');
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(error.message).toMatch(/not a regular file/);
  });

  it('being cut short while it is read', async () => {
    const rows = Array.from({ length: 100 }, (_, row) => [row, row]);
    const path = folder.file('cut.u8bin', u8bin(rows));
    const source = await openVectorSource(path);
    const windows = source.windows({ bytesMax: 20 });
    expect((await windows.next()).value).toMatchObject({ firstRow: 0, rows: 10 });
    truncateSync(path, 30);
    await expect(windows.next()).rejects.toMatchObject({ code: 'BAD_VECTOR_FILE', path, offset: 30 });
    source.close();
  });

  it('being cut short between two mapped windows', async () => {
    const bytes = Buffer.alloc(8 + 1024 * 1024);
    bytes.writeUInt32LE(1024, 0);
    bytes.writeUInt32LE(1024, 4);
    const path = folder.file('cut-mapped.u8bin', bytes);
    const source = await openVectorSource(path);
    const windows = source.windows({ bytesMax: 128 * 1024 });
    const { value: first } = await windows.next();
    writeFileSync(path, '');
    // What was handed out before is the receiver's own, not a view of pages that are gone.
    expect(first.data.every((value: number) => value === 0)).toBe(true);
    await expect(windows.next()).rejects.toMatchObject({ code: 'BAD_VECTOR_FILE', path, offset: 0 });
    source.close();
  });

  it('holding ids where vectors are wanted', async () => {
    const source = await openVectorSource(
      folder.file('ids.ivecs', encodeFile({ format: 'ivecs', element: 'i32', rows: wide })),
    );
    expect(source.shape).toBeUndefined();
    expect(() => vectorShape(source)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
    expect(() => vectorShape(source)).toThrow(/ids and not vectors/);
    source.close();
  });
});
