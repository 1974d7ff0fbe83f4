// Whether what the package hyparquet is about to read of a column chunk is what the file says it is: it trusts offsets,
// counts and lengths, and meets damage by reading elsewhere or by never ending. So every page is gone over first, as far
// as the package will go, and its index compared with the pages found. Called by parquet-columns.ts.
import type { ColumnChunk, ColumnMetaData } from 'hyparquet';
import type { Decompress } from './codecs.js';
import { badVectorFile } from './faults.js';
import type { MappedFile } from './mapped-file.js';
import { type NumberLeaf, type NumberPage, type ParquetTools, readPages, rowsOf } from './parquet-pages.js';
import { thriftStructBytes } from './thrift-bounds.js';

/** Where a page lies, and the first row that begins in it. */
interface PagePlace {
  at: number;
  bytes: number;
  firstRow: number;
  /** It goes on with a row of the page before. */
  isContinued: boolean;
}

/** Indexes hold a few bytes a page. */
const INDEX_BYTES_MAX = 64 * 1024 * 1024;

/** `rows`: of the row group. BAD_VECTOR_FILE. */
export function checkChunk(
  file: MappedFile,
  { meta_data: chunk, offset_index_offset, offset_index_length }: ColumnChunk,
  leaf: NumberLeaf,
  rows: number,
  { decompress, tools, isIndexed }: { decompress: Decompress; tools: ParquetTools; isIndexed: boolean },
): void {
  const { type, path_in_schema, data_page_offset, dictionary_page_offset } = chunk as ColumnMetaData;
  const refuse = (at: number, problem: string): Error =>
    badVectorFile(file.path, at, `column ${path_in_schema.join('.')}: ${problem}; is the file whole?`);
  if (type !== leaf.element.type)
    throw refuse(file.bytes, `its values are ${type}, its schema says ${leaf.element.type}`);
  if (dictionary_page_offset !== undefined && dictionary_page_offset > data_page_offset) {
    throw refuse(Number(data_page_offset), `its dictionary begins at byte ${dictionary_page_offset}, after its values`);
  }
  const places: PagePlace[] = [];
  let found = 0;
  let end = 0;
  for (const page of readPages(file, chunk as ColumnMetaData, { ...leaf, isChecked: true }, decompress, tools)) {
    const isContinued = leaf.repetitionMax > 0 && page.repetition?.[0] !== 0;
    places.push({ at: page.at, bytes: page.bytes, firstRow: found, isContinued });
    found += rowsIn(page, leaf);
    end = page.at + page.bytes;
  }
  if (found !== rows) throw refuse(end, `its pages hold ${found} rows, its row group ${rows}`);
  // Of nested columns the package reads pages to the end of the chunk, whatever their count.
  const { total_compressed_size } = chunk as ColumnMetaData;
  const chunkEnd = Number(dictionary_page_offset || data_page_offset) + Number(total_compressed_size);
  if (path_in_schema.length + leaf.repetitionMax > 1 && chunkEnd - end > 1) {
    throw refuse(end, `${chunkEnd - end} bytes follow its last value`);
  }
  if (!isIndexed) return;
  const at = Number(offset_index_offset);
  const bytes = Number(offset_index_length);
  if (!(at >= 4 && bytes > 0 && bytes <= INDEX_BYTES_MAX && at + bytes <= file.bytes)) {
    throw refuse(file.bytes, `the index of its pages has ${bytes} bytes at byte ${at}`);
  }
  if (!file.use(at, bytes, (index) => isIndexOf(index, places, tools))) {
    throw refuse(at, 'the index of its pages does not agree with the pages');
  }
}

function rowsIn({ count, repetition }: NumberPage, { repetitionMax }: NumberLeaf): number {
  return repetitionMax === 0 ? count : rowsOf(repetition);
}

function isIndexOf(bytes: Uint8Array, places: readonly PagePlace[], tools: ParquetTools): boolean {
  try {
    thriftStructBytes(bytes);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const { page_locations: pages } = tools.readOffsetIndex({ view, offset: 0 });
    return (
      pages.length === places.length &&
      places.every((place, i) => {
        const { offset, compressed_page_size, first_row_index } = pages[i] as (typeof pages)[number];
        const row = Number(first_row_index);
        // Where a page begins inside a row, writers count that row or the next.
        const isRow = row === place.firstRow || (place.isContinued && row === place.firstRow - 1);
        return Number(offset) === place.at && compressed_page_size === place.bytes && isRow;
      })
    );
  } catch {
    return false;
  }
}
