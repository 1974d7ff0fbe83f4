// The pages of one column chunk of a Parquet file that holds numbers, one page at a time: levels as bytes, values as a
// typed array. The format is that of github.com/apache/parquet-format; thrift headers and delta encoding are read by the
// package hyparquet, whose own row assembly holds a whole row group as JavaScript lists. Called by parquet-vectors.ts.
import zlib from 'node:zlib';
import type { ColumnMetaData, Encoding, OffsetIndex, PageHeader, SchemaElement } from 'hyparquet';
import { WINDOW_BYTES_MAX } from '../limits.js';
import type { Decompress } from './codecs.js';
import { badVectorFile } from './faults.js';
import type { MappedFile } from './mapped-file.js';
import { checkValues, type UnpackDeltas, unpackDeltas } from './parquet-bounds.js';
import { readLevels } from './parquet-levels.js';
import { asNumbers, copyOf, joinStreams, lookUp, type PageValues, widthOf } from './parquet-values.js';
import { thriftStructBytes } from './thrift-bounds.js';

/** What of the package is used. */
export interface ParquetTools {
  parquetHeader(reader: { view: DataView; offset: number }): PageHeader;
  readOffsetIndex(reader: { view: DataView; offset: number }): OffsetIndex;
  deltaBinaryUnpack: UnpackDeltas;
}

/** A leaf of the schema, with the levels above it. */
export interface NumberLeaf {
  element: SchemaElement;
  /** 1 for a list, 0 for a plain column. */
  repetitionMax: number;
  definitionMax: number;
  /** Values are looked at, as far as the package will trust them, and not decoded. */
  isChecked?: boolean;
}

export interface NumberPage {
  /** Of its header in the file, and its bytes with the header. */
  at: number;
  bytes: number;
  count: number;
  /** One a value, or undefined where the largest level is 0. */
  repetition: Uint8Array | undefined;
  definition: Uint8Array | undefined;
  /** How many are not null, and these. */
  present: number;
  values: PageValues;
}

/** Headers hold statistics of two values; more than this is damage. */
const HEADER_BYTES_MAX = 1024 * 1024;
const HEADER_BYTES_USUAL = 4096;
/** Writers make pages of a megabyte or so. */
const PAGE_VALUES_MAX = 2 ** 26;

/** Sync and lazy: a page is read when it is asked for. BAD_VECTOR_FILE with the offset of the page. */
export function* readPages(
  file: MappedFile,
  chunk: ColumnMetaData,
  leaf: NumberLeaf,
  decompress: Decompress,
  tools: ParquetTools,
): Generator<NumberPage, void> {
  const first = Number(chunk.data_page_offset);
  const dictionaryAt = Number(chunk.dictionary_page_offset ?? 0);
  let at = dictionaryAt > 0 ? Math.min(dictionaryAt, first) : first;
  const end = at + Number(chunk.total_compressed_size);
  if (!(at >= 4 && end <= file.bytes)) {
    throw badVectorFile(file.path, at, `a column chunk is said to end at byte ${end}, outside the file; is it whole?`);
  }
  const reader = new PageReader(file, chunk, leaf, decompress, tools);
  const wanted = Number(chunk.num_values);
  for (let seen = 0; seen < wanted; ) {
    const { header, bytes } = reader.header(at, end, `${seen} of ${wanted} values`);
    const page = reader.page(header, at + bytes, end);
    const start = at;
    at += bytes + header.compressed_page_size;
    if (page === undefined) continue;
    seen += page.count;
    yield { ...page, at: start, bytes: at - start };
  }
}

class PageReader {
  private dictionary: PageValues | undefined;
  private dictionaryEntries: number | undefined;

  constructor(
    private readonly file: MappedFile,
    private readonly chunk: ColumnMetaData,
    private readonly leaf: NumberLeaf,
    private readonly decompress: Decompress,
    private readonly tools: ParquetTools,
  ) {}

  header(at: number, end: number, reached: string): { header: PageHeader; bytes: number } {
    for (let length = HEADER_BYTES_USUAL; ; length = HEADER_BYTES_MAX) {
      const available = Math.min(length, end - at);
      if (available <= 0) throw badVectorFile(this.file.path, at, `pages end after ${reached}; is the file whole?`);
      try {
        return this.file.use(at, available, (bytes) => {
          thriftStructBytes(bytes);
          const reader = { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: 0 };
          return { header: this.tools.parquetHeader(reader), bytes: reader.offset };
        });
      } catch (error) {
        if (length < HEADER_BYTES_MAX && available === length) continue;
        throw this.bad(at, 'a page header cannot be read', error);
      }
    }
  }

  /** Undefined for a page without values: a dictionary, which is kept, or an index. */
  page(header: PageHeader, at: number, end: number): PageContent | undefined {
    const { compressed_page_size: compressed, uncompressed_page_size: uncompressed } = header;
    const sizes = [compressed, uncompressed].every((size) => isCount(size, WINDOW_BYTES_MAX));
    if (!sizes || at + compressed > end) {
      const problem = `a page of ${compressed} bytes, ${uncompressed} decompressed, does not lie in its column chunk`;
      throw badVectorFile(this.file.path, at, `${problem} (at most ${WINDOW_BYTES_MAX} are read at once)`);
    }
    try {
      return this.file.use(at, compressed, (bytes) => {
        requireChecksum(header, bytes);
        return this.decode(header, bytes);
      });
    } catch (error) {
      throw this.bad(at, 'a page cannot be decoded', error);
    }
  }

  private decode(header: PageHeader, bytes: Uint8Array): PageContent | undefined {
    const { type, data_page_header: v1, data_page_header_v2: v2, dictionary_page_header: dictionary } = header;
    const { uncompressed_page_size: size } = header;
    if (type === 'DICTIONARY_PAGE' && dictionary !== undefined) {
      const body = this.expand(bytes, size);
      const { num_values: entries } = dictionary;
      if (!isCount(entries, body.length)) throw new Error(`a dictionary of ${entries} entries in ${body.length} bytes`);
      this.dictionary = this.values(body, 'PLAIN', entries);
      this.dictionaryEntries = entries;
      return undefined;
    }
    if (type === 'DATA_PAGE' && v1 !== undefined) {
      return this.decodeV1(this.expand(bytes, size), v1.num_values, v1.encoding);
    }
    if (type === 'DATA_PAGE_V2' && v2 !== undefined) return this.decodeV2(v2, bytes, size);
    if (type === 'INDEX_PAGE' && this.leaf.isChecked !== true) return undefined;
    throw new Error(`its header, of type ${type}, does not say what it holds`);
  }

  private decodeV2(v2: DataPageHeaderV2, bytes: Uint8Array, size: number): PageContent {
    const { repetition_levels_byte_length: r, definition_levels_byte_length: d } = v2;
    if (!(isCount(r, bytes.length) && isCount(d, bytes.length - r))) {
      throw new Error(`levels of ${r} and ${d} bytes in its ${bytes.length}`);
    }
    const raw = bytes.subarray(r + d);
    const body = v2.is_compressed === false || size === r + d ? raw : this.expand(raw, size - r - d);
    const levels = { repetition: bytes.subarray(0, r), definition: bytes.subarray(r, r + d) };
    const page = this.assemble(v2.num_values, levels, body, v2.encoding);
    if (this.leaf.isChecked === true) requireCounts(v2, page, this.leaf);
    return page;
  }

  private decodeV1(body: Uint8Array, count: number, encoding: Encoding): PageContent {
    let at = 0;
    const levels = (most: number): Uint8Array => {
      if (most === 0) return body.subarray(0, 0);
      const length = new DataView(body.buffer, body.byteOffset, body.byteLength).getUint32(at, true);
      const start = at + 4;
      at = start + length;
      if (at > body.length) throw new Error(`levels of ${length} bytes in a page of ${body.length}`);
      return body.subarray(start, at);
    };
    const repetition = levels(this.leaf.repetitionMax);
    const definition = levels(this.leaf.definitionMax);
    return this.assemble(count, { repetition, definition }, body.subarray(at), encoding);
  }

  private assemble(
    count: number,
    levels: { repetition: Uint8Array; definition: Uint8Array },
    body: Uint8Array,
    encoding: Encoding,
  ): PageContent {
    const { repetitionMax, definitionMax } = this.leaf;
    // A run of equal levels may be a few bytes, so the page's size bounds nothing.
    if (!isCount(count, PAGE_VALUES_MAX)) throw new Error(`it is said to hold ${count} values`);
    const repetition = readLevels(levels.repetition, repetitionMax, count);
    const definition = readLevels(levels.definition, definitionMax, count);
    let present = count;
    if (definition !== undefined) for (const level of definition) if (level !== definitionMax) present -= 1;
    return { count, repetition, definition, present, values: this.values(body, encoding, present) };
  }

  private values(body: Uint8Array, encoding: Encoding, count: number): PageValues {
    const { chunk, leaf, dictionaryEntries } = this;
    const { element } = leaf;
    if (leaf.isChecked === true) {
      checkValues(
        body,
        { type: chunk.type, element, encoding, count, dictionaryEntries },
        this.tools.deltaBinaryUnpack,
      );
      return NO_VALUES;
    }
    const { type } = element;
    switch (encoding) {
      case 'PLAIN':
        return asNumbers(type, copyOf(body, count * widthOf(type)));
      case 'BYTE_STREAM_SPLIT':
        return asNumbers(type, joinStreams(body, count, widthOf(type)));
      case 'PLAIN_DICTIONARY':
      case 'RLE_DICTIONARY':
        return lookUp(type, this.dictionary, body, count);
      case 'DELTA_BINARY_PACKED': {
        const to = type === 'INT32' ? new Int32Array(count) : new BigInt64Array(count);
        unpackDeltas(body, 0, to, this.tools.deltaBinaryUnpack);
        return to;
      }
      default:
        throw new Error(`its encoding ${encoding} is not known for numbers`);
    }
  }

  private expand(bytes: Uint8Array, size: number): Uint8Array {
    const body = this.decompress(bytes, size);
    if (body.length !== size) throw new Error(`it decompresses to ${body.length} bytes, expected ${size}`);
    return body;
  }

  private bad(at: number, what: string, error: unknown): Error {
    const reason = error instanceof Error ? error.message : String(error);
    return badVectorFile(this.file.path, at, `${what}: ${reason}; is the file whole?`);
  }
}

const NO_VALUES = new Float32Array(0);

type PageContent = Omit<NumberPage, 'at' | 'bytes'>;
type DataPageHeaderV2 = NonNullable<PageHeader['data_page_header_v2']>;

/** What thrift gives may be of any type. */
function isCount(value: unknown, most: number): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= most;
}

function requireChecksum({ crc }: PageHeader, bytes: Uint8Array): void {
  if (typeof crc !== 'number') return;
  const found = zlib.crc32(bytes);
  if (found !== crc >>> 0) throw new Error(`its checksum is ${found}, its header says ${crc >>> 0}`);
}

// The package takes both from the header.
function requireCounts(v2: DataPageHeaderV2, { count, present, repetition }: PageContent, leaf: NumberLeaf): void {
  if (v2.num_nulls !== count - present) throw new Error(`it is said to hold ${v2.num_nulls} nulls of ${count} values`);
  const rows = leaf.repetitionMax === 0 ? count : rowsOf(repetition);
  if (v2.num_rows !== rows) throw new Error(`it is said to hold ${v2.num_rows} rows, its values make ${rows}`);
}

/** Rows that begin among these values. */
export function rowsOf(repetition: Uint8Array | undefined): number {
  let rows = 0;
  for (const level of repetition ?? []) if (level === 0) rows += 1;
  return rows;
}
