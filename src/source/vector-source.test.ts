import { closeSync, openSync, truncateSync, writeSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeElement, encodeFile, npyHeader, temporaryFolder } from '../../test/vector-files.js';
import type { StoredElement, VectorFormat } from './formats.js';
import { openVectorSource, readRows, vectorShape } from './vector-source.js';

const folder = temporaryFolder();

const STORED: readonly [VectorFormat, StoredElement][] = [
  ['fvecs', 'f32'],
  ['bvecs', 'u8'],
  ['ivecs', 'i32'],
  ['fbin', 'f32'],
  ['u8bin', 'u8'],
  ['i8bin', 'i8'],
  ['ibin', 'i32'],
  ['npy', 'f64'],
  ['npy', 'f32'],
  ['npy', 'f16'],
  ['npy', 'u8'],
  ['npy', 'i8'],
];

// Values that every element can hold; halves are bits, so they stand for other numbers but stay equal.
function table(rows: number, dim: number): number[][] {
  return Array.from({ length: rows }, (_, row) => Array.from({ length: dim }, (_, at) => (row * 31 + at * 7) % 128));
}

describe.each(STORED)('%s of %s', (format, element) => {
  const presented = element === 'f64' ? 'f32' : element;

  it('gives its shape and all rows', async () => {
    const rows = table(5, 3);
    const path = folder.file(`all-${element}.${format}`, encodeFile({ format, element, rows }));
    const source = await openVectorSource(path);
    expect(source).toMatchObject({ path, format, rows: 5, dim: 3, element: presented, stored: element });
    expect(Array.from(await readRows(source))).toEqual(rows.flat());
    source.close();
  });

  it('gives windows of any start, length and size equal to the slice', async () => {
    const shapes = fc.record({ rows: fc.integer({ min: 1, max: 40 }), dim: fc.integer({ min: 1, max: 9 }) });
    const asked = fc.record({ start: fc.nat(40), length: fc.nat(40), bytesMax: fc.integer({ min: 1, max: 400 }) });
    await fc.assert(
      fc.asyncProperty(shapes, asked, async ({ rows, dim }, { start, length, bytesMax }) => {
        fc.pre(start + length <= rows);
        const values = table(rows, dim);
        const path = folder.file(`windows-${element}.${format}`, encodeFile({ format, element, rows: values }));
        const source = await openVectorSource(path);
        const seen: number[] = [];
        let next = start;
        for await (const window of source.windows({ start, rows: length, bytesMax })) {
          expect(window.firstRow).toBe(next);
          expect(window.data.length).toBe(window.rows * dim);
          const { stride } = source.shape ?? { stride: 0 };
          expect(window.rows === 1 || window.rows * stride <= bytesMax).toBe(true);
          next += window.rows;
          seen.push(...window.data);
        }
        source.close();
        expect(next).toBe(start + length);
        expect(seen).toEqual(values.slice(start, start + length).flat());
      }),
      { numRuns: 40 },
    );
  });

  it('says where an element stands', async () => {
    const bytes = encodeFile({ format, element, rows: table(4, 3) });
    const source = await openVectorSource(folder.file(`offset-${element}.${format}`, bytes));
    const wanted = encodeElement(element, table(4, 3)[3]?.[2] ?? 0);
    const offset = source.offsetOf(3, 2) ?? -1;
    expect(bytes.subarray(offset, offset + wanted.length)).toEqual(wanted);
    expect(offset + wanted.length).toBe(bytes.length);
    source.close();
  });
});

describe('the shape for the addon', () => {
  it('describes rows with a prefix', async () => {
    const path = folder.file('s.bvecs', encodeFile({ format: 'bvecs', element: 'u8', rows: table(2, 5) }));
    const source = await openVectorSource(path);
    const shape = { path, rows: 2, dim: 5, element: 'u8', float64: false, rowPrefix: true, offset: 0, stride: 9 };
    expect(vectorShape(source)).toEqual(shape);
    source.close();
  });

  it('describes doubles as f32 to be converted', async () => {
    const path = folder.file('s.npy', encodeFile({ format: 'npy', element: 'f64', rows: table(2, 5) }));
    const source = await openVectorSource(path);
    const shape = { path, rows: 2, dim: 5, element: 'f32', float64: true, rowPrefix: false, offset: 128, stride: 40 };
    expect(source.shape).toEqual(shape);
    source.close();
  });
});

describe('npy', () => {
  it.each([1, 2, 3])('version %i.0 is read', async (npyVersion) => {
    const rows = table(3, 2);
    const bytes = encodeFile({ format: 'npy', element: 'f32', rows, npyVersion });
    const source = await openVectorSource(folder.file(`v${npyVersion}.npy`, bytes));
    expect(Array.from(await readRows(source))).toEqual(rows.flat());
    source.close();
  });

  it('rounds doubles to f32', async () => {
    const rows = [[Math.PI, 1e-50, 3.4028234663852886e38]];
    const path = folder.file('round.npy', encodeFile({ format: 'npy', element: 'f64', rows }));
    const source = await openVectorSource(path);
    expect(Array.from(await readRows(source))).toEqual(rows.flat().map(Math.fround));
    source.close();
  });
});

describe('openVectorSource', () => {
  it('takes the format asked for over the extension, in any case', async () => {
    const rows = table(2, 4);
    const bytes = encodeFile({ format: 'i8bin', element: 'i8', rows });
    for (const [name, format] of [
      ['x.dat', 'i8bin'],
      ['x.npy', 'I8BIN'],
      ['x.I8BIN', undefined],
    ] as const) {
      const source = await openVectorSource(folder.file(name, bytes), format === undefined ? {} : { format });
      expect(source).toMatchObject({ format: 'i8bin', rows: 2, dim: 4 });
      source.close();
    }
  });
});

describe('windows', () => {
  const open = (): ReturnType<typeof openVectorSource> =>
    openVectorSource(folder.file('w.u8bin', encodeFile({ format: 'u8bin', element: 'u8', rows: table(10, 2) })));

  it.each([
    { start: 11 },
    { start: -1 },
    { start: 0.5 },
    { start: 5, rows: 6 },
    { rows: -1 },
    { rows: Number.NaN },
    { bytesMax: 0 },
    { bytesMax: Number.NaN },
  ])('of %o are refused at once', async (options) => {
    const source = await open();
    expect(() => source.windows(options)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
    source.close();
  });

  it('of nothing are none', async () => {
    const source = await open();
    for await (const _ of source.windows({ start: 10 })) expect.fail();
    for await (const _ of source.windows({ start: 3, rows: 0 })) expect.fail();
    source.close();
  });

  it('are CLOSED after close(), which may be called again', async () => {
    const source = await open();
    const windows = source.windows({ bytesMax: 2 });
    await windows.next();
    source.close();
    source.close();
    await expect(windows.next()).rejects.toMatchObject({ code: 'CLOSED' });
    await expect(source.windows().next()).rejects.toMatchObject({ code: 'CLOSED' });
  });

  it('let the event loop turn, so that a signal is heard', async () => {
    const source = await open();
    let turned = 0;
    setImmediate(() => {
      turned += 1;
    });
    for await (const window of source.windows({ bytesMax: 2 })) expect(turned).toBe(window.firstRow === 0 ? 0 : 1);
    source.close();
  });
});

// Sparse files: the size is only claimed, and a few marked rows are really there.
describe('1.2e9 rows of 128', () => {
  const rows = 1_200_000_000;
  const dim = 128;
  const marked = [0, 16_777_215, 33_554_432, 50_000_000, rows - 1];
  const rowOf = (mark: number): Buffer => Buffer.alloc(dim, mark + 1);
  const prefix = encodeElement('i32', dim);

  function sparse(name: string, header: Buffer, stride: number, headOf: Buffer): string {
    const path = folder.file(name, header);
    truncateSync(path, header.length + rows * stride);
    const descriptor = openSync(path, 'r+');
    for (const [mark, row] of marked.entries()) {
      const bytes = Buffer.concat([headOf, rowOf(mark)]);
      writeSync(descriptor, bytes, 0, bytes.length, header.length + row * stride);
    }
    closeSync(descriptor);
    return path;
  }

  it.each([
    ['u8bin', Buffer.concat([encodeElement('i32', rows), prefix]), dim, Buffer.alloc(0)],
    ['npy', npyHeader("'descr': '|u1'", `(${rows}, ${dim})`), dim, Buffer.alloc(0)],
    ['bvecs', Buffer.alloc(0), 4 + dim, prefix],
  ] as const)('are addressable in .%s', async (format, header, stride, headOf) => {
    const source = await openVectorSource(sparse(`huge.${format}`, header, stride, headOf));
    expect(source).toMatchObject({ rows, dim, element: 'u8', fileBytes: header.length + rows * stride });
    for (const [mark, row] of marked.entries()) {
      for await (const window of source.windows({ start: row, rows: 1 })) {
        expect(window.firstRow).toBe(row);
        expect(Buffer.from(window.data as Uint8Array).equals(rowOf(mark))).toBe(true);
      }
    }
    if (headOf.length > 0) return source.close();
    // Windows large enough to be mapped, on both sides of 2^31 and 2^32 bytes and at the end.
    for (const row of [16_777_215, 33_554_432, rows - 1]) {
      const start = Math.min(row, rows - 4096);
      const mark = marked.indexOf(row);
      for await (const window of source.windows({ start, rows: 4096 })) {
        const at = (row - window.firstRow) * dim;
        expect(Buffer.from(window.data.subarray(at, at + dim) as Uint8Array).equals(rowOf(mark))).toBe(true);
        const others = Buffer.from(window.data as Uint8Array).fill(0, at, at + dim);
        expect(others.every((byte) => byte === 0)).toBe(true);
      }
    }
    source.close();
  });
});
