// Column formats read back what their libraries wrote, whole, in windows, from any row; and what this project writes.
import zlib, { gzipSync } from 'node:zlib';
import { CompressionType, compressionRegistry } from 'apache-arrow';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { arrowFile, type ColumnTable, hdf5File, type ParquetShape, parquetFile } from '../../test/column-files.js';
import { temporaryFolder } from '../../test/vector-files.js';
import type { PointIdInput } from '../payload/point.js';
import { createVectorData, type StoredElement, type VectorData, type VectorElement } from './formats.js';
import { floatToHalf, halfToFloat } from './half.js';
import { type OpenVectorOptions, openVectorSource, readRows, type VectorSource } from './vector-source.js';
import { createVectorWriter } from './vector-writer.js';

const folder = temporaryFolder();
const COLUMNS: OpenVectorOptions = { ids: true, payload: true };

type Encode = (table: ColumnTable, path: string) => Buffer | Promise<Buffer>;

interface Case {
  what: string;
  format: string;
  stored: StoredElement;
  encode: Encode;
  /** False where the format has vectors only. */
  columns?: false;
}

const parquet = (stored: StoredElement, shape: ParquetShape, what = ''): Case => ({
  what: `parquet of ${stored} ${what}`,
  format: 'parquet',
  stored,
  encode: (table) => parquetFile(table, shape),
});
const arrow = (stored: StoredElement, shape: Parameters<typeof arrowFile>[1]): Case => ({
  what: `arrow ${shape?.kind ?? 'file'} of ${shape?.list ?? 'list'} of ${shape?.element}`,
  format: 'arrow',
  stored,
  encode: (table) => arrowFile(table, shape),
});
const hdf5 = (stored: StoredElement, from: (values: number[]) => unknown, chunks?: number[]): Case => ({
  what: `hdf5 of ${stored} ${chunks === undefined ? '' : 'in chunks'}`,
  format: 'hdf5',
  stored,
  columns: false,
  encode: ({ vectors }, path) => {
    const dim = vectors[0]?.length ?? 0;
    const data = from(vectors.flatMap((row) => row ?? []) as number[]) as Float32Array;
    const shape = [vectors.length, dim];
    return hdf5File(path, {
      train: {
        data,
        shape,
        ...(chunks === undefined ? {} : { chunks: [Math.min(vectors.length, chunks[0] ?? 1), dim] }),
      },
    });
  },
});
const INT8 = { type: 'INT32', converted_type: 'INT_8' } as const;
const UINT8 = { type: 'INT32', converted_type: 'UINT_8' } as const;
const HALF = { type: 'FIXED_LEN_BYTE_ARRAY', type_length: 2, logical_type: { type: 'FLOAT16' } } as const;

const CASES: Case[] = [
  parquet('f32', {}),
  parquet('f32', { encoding: 'PLAIN', codec: 'UNCOMPRESSED', pageSize: 64 }, 'plain, small pages'),
  parquet('f32', { encoding: 'BYTE_STREAM_SPLIT' }, 'split into streams'),
  parquet('f32', { encoding: 'RLE_DICTIONARY', pageSize: 100 }, 'by dictionary'),
  parquet('f32', { codec: 'GZIP', compress: (input) => gzipSync(input) }, 'zipped'),
  parquet('f64', { element: { type: 'DOUBLE' } }),
  parquet('f16', { element: HALF }),
  parquet('f16', { element: HALF, encoding: 'PLAIN' }, 'plain'),
  parquet('u8', { element: UINT8 }),
  parquet('i8', { element: INT8, encoding: 'PLAIN' }),
  parquet('f32', { element: { type: 'INT32' }, encoding: 'DELTA_BINARY_PACKED' }, 'in int32, by differences'),
  ...(['file', 'stream'] as const).flatMap((kind) => [
    arrow('f32', { kind, element: 'f32', list: 'list' }),
    arrow('f32', { kind, element: 'f32', list: 'fixed' }),
  ]),
  arrow('f64', { element: 'f64', list: 'fixed' }),
  arrow('f16', { element: 'f16', list: 'fixed' }),
  arrow('u8', { element: 'u8' }),
  arrow('i8', { element: 'i8', list: 'fixed' }),
  arrow('f32', { element: 'i32' }),
  arrow('f32', { element: 'i64' }),
  hdf5('f32', (values) => Float32Array.from(values)),
  hdf5('f32', (values) => Float32Array.from(values), [4]),
  hdf5('f64', (values) => Float64Array.from(values)),
  hdf5('u8', (values) => Uint8Array.from(values)),
  hdf5('i8', (values) => Int8Array.from(values)),
  hdf5('i32', (values) => Int32Array.from(values)),
  hdf5('i32', (values) => BigInt64Array.from(values.map(BigInt))),
  {
    what: 'jsonl of objects',
    format: 'jsonl',
    stored: 'f32',
    encode: ({ vectors, ids, titles }) =>
      Buffer.from(
        vectors
          .map(
            (vector, row) =>
              `{"id":${ids?.[row] ?? row},"vector":${JSON.stringify(vector)}${
                titles?.[row] == null ? '' : `,"title":${JSON.stringify(titles[row])}`
              }}\n`,
          )
          .join(''),
      ),
  },
  {
    what: 'jsonl of bare vectors',
    format: 'jsonl',
    stored: 'f32',
    columns: false,
    encode: ({ vectors }) => Buffer.from(vectors.map((vector) => JSON.stringify(vector)).join('\n\n')),
  },
];

function presented(source: VectorSource, data: VectorData): number[] {
  return source.element === 'f16' ? Array.from(data, halfToFloat) : Array.from(data);
}

// Whole numbers that every element holds.
const tables = fc.integer({ min: 1, max: 6 }).chain((dim) =>
  fc.record({
    rows: fc.array(fc.array(fc.nat(100), { minLength: dim, maxLength: dim }), { minLength: 1, maxLength: 40 }),
    group: fc.integer({ min: 1, max: 40 }),
  }),
);
const asked = fc.record({ start: fc.nat(40), length: fc.nat(40), bytesMax: fc.integer({ min: 1, max: 400 }) });

describe.each(CASES)('$what', ({ format, stored, encode, columns = true }) => {
  let made = 0;
  const write = async (table: ColumnTable): Promise<string> => {
    made += 1;
    const path = folder.file(`${stored}-${made}-${Math.abs(encode.toString().length)}.${format}`);
    return folder.file(path.slice(folder.path.length + 1), await encode(table, path));
  };

  it('gives its shape, and rows in windows of any start, length and size', async () => {
    await fc.assert(
      fc.asyncProperty(tables, asked, async ({ rows, group }, { start, length, bytesMax }) => {
        fc.pre(start + length <= rows.length);
        const source = await openVectorSource(await write({ vectors: rows, group }));
        try {
          const dim = rows[0]?.length ?? 0;
          expect(source).toMatchObject({ format, rows: rows.length, dim, stored });
          expect(presented(source, await readRows(source))).toEqual(rows.flat());
          let next = start;
          const seen: number[] = [];
          for await (const window of source.windows({ start, rows: length, bytesMax })) {
            expect(window.firstRow).toBe(next);
            expect(window.data.length).toBe(window.rows * dim);
            expect(window.rows === 1 || window.data.byteLength <= bytesMax).toBe(true);
            next += window.rows;
            seen.push(...presented(source, window.data));
          }
          expect(next).toBe(start + length);
          expect(seen).toEqual(rows.slice(start, start + length).flat());
        } finally {
          source.close();
        }
      }),
      { numRuns: 12 },
    );
  });

  it.runIf(columns)('gives ids to 2^64 - 1 and payloads beside the rows', async () => {
    const table: ColumnTable = {
      vectors: Array.from({ length: 9 }, (_, row) => [row, 1]),
      ids: Array.from({ length: 9 }, (_, row) => 2n ** 64n - 1n - BigInt(row)),
      titles: Array.from({ length: 9 }, (_, row) => (row === 3 ? null : `title ${row}`)),
      group: 4,
    };
    const source = await openVectorSource(await write(table), COLUMNS);
    expect(source.columns).toEqual({ ids: true, payloads: true });
    const ids: PointIdInput[] = [];
    const payloads: unknown[] = [];
    for await (const window of source.windows({ start: 2, bytesMax: 24 })) {
      expect([window.ids?.length, window.payloads?.length]).toEqual([window.rows, window.rows]);
      ids.push(...(window.ids ?? []));
      payloads.push(...(window.payloads ?? []));
    }
    source.close();
    expect(ids.map(BigInt)).toEqual(table.ids?.slice(2));
    expect(payloads).toEqual(table.titles?.slice(2).map((title) => (title === null ? null : { title })));
  });
});

const WRITTEN: readonly [name: string, elements: readonly VectorElement[]][] = [
  ['parquet', ['f32', 'f16', 'u8', 'i8']],
  ['jsonl', ['f32']],
  ['jsonl.gz', ['f32']],
];
const values: Readonly<Record<string, fc.Arbitrary<number>>> = {
  f32: fc.float({ noNaN: true, noDefaultInfinity: true }),
  f16: fc.integer({ min: 0, max: 0xffff }).filter((bits) => (bits & 0x7c00) !== 0x7c00),
  u8: fc.integer({ min: 0, max: 255 }),
  i8: fc.integer({ min: -128, max: 127 }),
};
const id = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  fc.bigInt({ min: 2n ** 64n - 9n, max: 2n ** 64n - 1n }),
);
const payload = fc.oneof(
  fc.constant(null),
  fc.record({ n: fc.bigInt({ min: 2n ** 60n, max: 2n ** 64n }), list: fc.array(fc.integer()), text: fc.string() }),
);

describe.each(WRITTEN.flatMap(([name, elements]) => elements.map((element) => ({ name, element }))))(
  'a written $name of $element',
  ({ name, element }) => {
    it('is read back bit by bit, with ids and payloads, whatever the blocks', async () => {
      const scenario = fc.integer({ min: 1, max: 5 }).chain((dim) =>
        fc.array(
          fc.record({
            vector: fc.array(values[element] as fc.Arbitrary<number>, { minLength: dim, maxLength: dim }),
            id,
            payload,
          }),
          { minLength: 1, maxLength: 30 },
        ),
      );
      await fc.assert(
        fc.asyncProperty(scenario, fc.integer({ min: 1, max: 30 }), async (points, block) => {
          const dim = points[0]?.vector.length ?? 0;
          const path = folder.file(`written.${name}`);
          const writer = await createVectorWriter(path, {
            dim,
            element,
            force: true,
            columns: { ids: true, payloads: true },
          });
          for (let at = 0; at < points.length; at += block) {
            const some = points.slice(at, at + block);
            const data = createVectorData(element, some.length * dim);
            data.set(some.flatMap(({ vector }) => vector));
            await writer.write(data, {
              ids: some.map((point) => point.id),
              payloads: some.map((point) => point.payload),
            });
          }
          expect((await writer.finish()).rows).toBe(points.length);
          const source = await openVectorSource(path, COLUMNS);
          const all = createVectorData(element, points.length * dim);
          all.set(points.flatMap(({ vector }) => vector));
          // JSON has no negative zero apart from zero in its shortest form.
          expect(Array.from(await readRows(source), (value) => value + 0)).toEqual(
            Array.from(all, (value) => value + 0),
          );
          expect(source.element).toBe(element);
          for await (const { firstRow, rows, ids, payloads } of source.windows({ bytesMax: 40 })) {
            expect(ids?.map(BigInt)).toEqual(points.slice(firstRow, firstRow + rows).map((point) => point.id));
            expect(payloads).toEqual(points.slice(firstRow, firstRow + rows).map((point) => point.payload));
          }
          source.close();
        }),
        { numRuns: 20 },
      );
    });
  },
);

it('writes jsonl of any element as numbers', async () => {
  for (const [element, given, numbers] of [
    ['f16', [floatToHalf(0.1), floatToHalf(-2)], [halfToFloat(floatToHalf(0.1)), -2]],
    ['u8', [255, 0], [255, 0]],
    ['i8', [-128, 127], [-128, 127]],
  ] as const) {
    const path = folder.file(`numbers-${element}.jsonl`);
    const writer = await createVectorWriter(path, { dim: 2, element });
    const data = createVectorData(element, 2);
    data.set(given);
    await writer.write(data);
    await writer.finish();
    const source = await openVectorSource(path);
    expect(Array.from(await readRows(source))).toEqual(numbers);
    source.close();
  }
});

// Stored as it is: a Zstandard frame of one raw block, with its content's size (RFC 8878).
function zstdFrame(input: Uint8Array): Uint8Array {
  const head = Buffer.alloc(4 + 1 + 4 + 3);
  head.writeUInt32LE(0xfd2fb528, 0);
  head.writeUInt8(0xa0, 4);
  head.writeUInt32LE(input.length, 5);
  head.writeUIntLE((input.length << 3) | 1, 9, 3);
  return Buffer.concat([head, input]);
}

// One block as it is: an LZ4 frame of version 1 with the content's size unknown.
function lz4Frame(input: Uint8Array): Uint8Array {
  const head = Buffer.from([0x04, 0x22, 0x4d, 0x18, 0x40, 0x70, 0, 0, 0, 0, 0]);
  head.writeUInt32LE((input.length | 0x8000_0000) >>> 0, 7);
  return Buffer.concat([head, input, Buffer.alloc(4)]);
}

it.each([
  [CompressionType.LZ4_FRAME, lz4Frame],
  [CompressionType.ZSTD, zstdFrame],
])('reads arrow compressed by codec %i', async (compressionType, encode) => {
  compressionRegistry.set(compressionType, { encode });
  const table = {
    vectors: [
      [1, 2],
      [3, 4],
      [5, 6],
    ],
    ids: [1n, 2n, 3n],
    titles: ['a', null, 'b'],
    group: 2,
  };
  for (const kind of ['file', 'stream'] as const) {
    const path = folder.file(
      `compressed-${compressionType}-${kind}.arrow`,
      arrowFile(table, { kind, compressionType }),
    );
    const source = await openVectorSource(path, COLUMNS);
    expect(Array.from(await readRows(source))).toEqual([1, 2, 3, 4, 5, 6]);
    source.close();
  }
});

it.each<ParquetShape>([
  { codec: 'BROTLI', compress: (input) => zlib.brotliCompressSync(input) },
  { codec: 'ZSTD', compress: zstdFrame },
])('reads parquet in $codec', async (shape) => {
  const bytes = parquetFile(
    {
      vectors: [
        [1, 2],
        [3, 4],
      ],
    },
    shape,
  );
  const source = await openVectorSource(folder.file(`${shape.codec}.parquet`, bytes));
  expect(Array.from(await readRows(source))).toEqual([1, 2, 3, 4]);
  source.close();
});
