// One page, made by hand: its header says what it is to be, and its checksum holds it to that.
import zlib from 'node:zlib';
import type { ColumnMetaData, PageHeader } from 'hyparquet';
import { parquetHeader } from 'hyparquet/src/column.js';
import { deltaBinaryUnpack } from 'hyparquet/src/delta.js';
import { readOffsetIndex } from 'hyparquet/src/indexes.js';
import { ByteWriter } from 'hyparquet-writer';
import { writePageHeader } from 'hyparquet-writer/src/datapage.js';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../../test/vector-files.js';
import { MappedFile } from './mapped-file.js';
import { readPages } from './parquet-pages.js';

const folder = temporaryFolder();
const tools = { parquetHeader, deltaBinaryUnpack, readOffsetIndex };
const leaf = { element: { name: 'x', type: 'FLOAT' }, repetitionMax: 0, definitionMax: 0 } as const;
const values = Float32Array.of(1, 2, 3);
const body = Buffer.from(values.buffer);
const usual: PageHeader = {
  type: 'DATA_PAGE',
  uncompressed_page_size: body.length,
  compressed_page_size: body.length,
  crc: zlib.crc32(body) | 0,
  data_page_header: {
    num_values: values.length,
    encoding: 'PLAIN',
    definition_level_encoding: 'RLE',
    repetition_level_encoding: 'RLE',
  },
};

/** The values read of a file of this page, which has `bytes` in the place of its own. */
function read(header: PageHeader, bytes: Buffer = body): number[] {
  const writer = new ByteWriter();
  writer.appendBytes(Buffer.from('PAR1'));
  writePageHeader(writer, header);
  writer.appendBytes(bytes);
  const made = Buffer.from(writer.getBuffer());
  const chunk = {
    ...{ type: 'FLOAT', codec: 'UNCOMPRESSED', path_in_schema: ['x'], data_page_offset: 4n, num_values: 3n },
    total_compressed_size: BigInt(made.length - 4),
  } as unknown as ColumnMetaData;
  const file = MappedFile.open(folder.file('page.parquet', made));
  try {
    return Array.from(readPages(file, chunk, leaf, (input) => input, tools)).flatMap((page) =>
      Array.from(page.values as Float32Array),
    );
  } finally {
    file.close();
  }
}

it('is read with its checksum, and without one', () => {
  expect(read(usual)).toEqual([1, 2, 3]);
  const { crc: _, ...without } = usual;
  expect(read(without as PageHeader)).toEqual([1, 2, 3]);
});

it('of which any bit is not what it was is refused by its checksum', () => {
  for (let bit = 0; bit < 8 * body.length; bit += 1) {
    const flipped = Buffer.from(body);
    flipped.writeUInt8((body[bit >> 3] as number) ^ (1 << (bit & 7)), bit >> 3);
    expect(() => read(usual, flipped)).toThrow(/page\.parquet: at byte \d+: .*its checksum is \d+, its header says/);
  }
});

it.each<[string, Partial<PageHeader>, RegExp]>([
  ['of a negative size', { compressed_page_size: -1 }, /a page of -1 bytes/],
  ['that reaches past its chunk', { compressed_page_size: 13 }, /does not lie in its column chunk/],
  ['that grows without a codec', { uncompressed_page_size: 11 }, /decompresses to 12 bytes, expected 11/],
  ['of a type that its header does not describe', { type: 'DATA_PAGE_V2' }, /of type DATA_PAGE_V2, does not say/],
  ['of no type', { type: 'no such' as never }, /of type undefined, does not say/],
  [
    'of too many values',
    { data_page_header: { ...(usual.data_page_header as object), num_values: 2 ** 30 } as never },
    /said to hold 1073741824 values/,
  ],
])('%s is refused', (_what, change, says) => {
  expect(() => read({ ...usual, ...change })).toThrow(says);
});
