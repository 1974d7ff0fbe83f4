// What a column chunk says of itself against its pages: whichever of both is wrong, nothing is read.
import { type ColumnChunk, parquetMetadata, parquetSchema } from 'hyparquet';
import { parquetHeader } from 'hyparquet/src/column.js';
import { deltaBinaryUnpack } from 'hyparquet/src/delta.js';
import { readOffsetIndex } from 'hyparquet/src/indexes.js';
import { expect, it } from 'vitest';
import { parquetFile } from '../../test/column-files.js';
import { temporaryFolder } from '../../test/vector-files.js';
import { MappedFile } from './mapped-file.js';
import { checkChunk } from './parquet-chunks.js';
import type { NumberLeaf } from './parquet-pages.js';
import { leavesOf } from './parquet-vectors.js';

const folder = temporaryFolder();
const tools = { parquetHeader, deltaBinaryUnpack, readOffsetIndex };
const ROWS = 40;

const bytes = parquetFile(
  {
    vectors: Array.from({ length: ROWS }, (_, row) => [row, 1]),
    ids: Array.from({ length: ROWS }, (_, row) => BigInt(row)),
  },
  { codec: 'UNCOMPRESSED', pageSize: 64 },
);
const metadata = parquetMetadata(bytes);
const leaves = leavesOf(parquetSchema(metadata));
const [ids, vectors] = metadata.row_groups.flatMap(({ columns }) => columns) as [ColumnChunk, ColumnChunk];

function check(
  column: ColumnChunk,
  { of = bytes, rows = ROWS, change = {} as Partial<ColumnChunk['meta_data']> } = {},
) {
  const file = MappedFile.open(folder.file('x.parquet', of));
  const chunk = { ...column, meta_data: { ...column.meta_data, ...change } } as ColumnChunk;
  const leaf = leaves.get(column.meta_data?.path_in_schema.join('.') ?? '') as NumberLeaf;
  try {
    checkChunk(file, chunk, leaf, rows, { decompress: (input) => input, tools, isIndexed: true });
  } finally {
    file.close();
  }
}

it.each([
  ['numbers', ids],
  ['lists', vectors],
])('%s that are whole pass, in as many rows as there are', (_what, column) => {
  check(column);
  expect(() => check(column, { rows: ROWS + 1 })).toThrow(/its pages hold 40 rows, its row group 41/);
});

it.each<[string, ColumnChunk, Partial<NonNullable<ColumnChunk['meta_data']>>, RegExp]>([
  ['of another type', ids, { type: 'INT32' }, /its values are INT32, its schema says INT64/],
  [
    'with its dictionary behind',
    ids,
    { dictionary_page_offset: BigInt(bytes.length) },
    /begins at byte \d+, after its val/,
  ],
  ['of fewer values', ids, { num_values: 8n }, /its pages hold 14 rows, its row group 40/],
  ['of more values', ids, { num_values: 99n }, /pages end after 40 of 99 values/],
  [
    'that is longer than its lists',
    vectors,
    { total_compressed_size: (vectors.meta_data?.total_compressed_size ?? 0n) + 9n },
    /9 bytes follow its last value/,
  ],
  ['outside the file', ids, { total_compressed_size: 1n << 40n }, /outside the file/],
])('a chunk %s is refused', (_what, column, change, says) => {
  expect(() => check(column, { change })).toThrow(says);
});

it('an index of which any byte is not what it was is refused, or says the same', () => {
  const at = Number(ids.offset_index_offset);
  const length = Number(ids.offset_index_length);
  expect(length).toBeGreaterThan(10);
  let refused = 0;
  for (let byte = at; byte < at + length; byte += 1) {
    for (const bits of [1, 2, 0x80]) {
      const of = Buffer.from(bytes);
      of.writeUInt8((bytes[byte] as number) ^ bits, byte);
      try {
        check(ids, { of });
      } catch (error) {
        expect(String(error)).toMatch(/the index of its pages does not agree with the pages/);
        refused += 1;
      }
    }
  }
  expect(refused).toBeGreaterThan(2 * length);
  expect(() => check({ ...ids, offset_index_length: 2 ** 30 })).toThrow(/the index of its pages has 1073741824 bytes/);
});
