// The pages of one column chunk of a Parquet file that holds numbers, one page at a time: levels as bytes, values as a
// typed array. The format is that of github.com/apache/parquet-format; thrift headers and delta encoding are read by the
// package hyparquet, whose own row assembly holds a whole row group as JavaScript lists. Called by parquet-vectors.ts.
import type { ColumnMetaData, Encoding, PageHeader, SchemaElement } from 'hyparquet';
import { WINDOW_BYTES_MAX } from '../limits.js';
import type { Decompress } from './codecs.js';
import { badVectorFile } from './faults.js';
import type { MappedFile } from './mapped-file.js';
import { levelBits, readHybrid } from './parquet-levels.js';
import { asNumbers, copyOf, joinStreams, type PageValues, widthOf } from './parquet-values.js';

/** What of the package is used. */
export interface ParquetTools {
  parquetHeader(reader: { view: DataView; offset: number }): PageHeader;
  deltaBinaryUnpack(reader: { view: DataView; offset: number }, count: number, to: Int32Array | BigInt64Array): void;
}

/** A leaf of the schema, with the levels above it. */
export interface NumberLeaf {
  element: SchemaElement;
  /** 1 for a list, 0 for a plain column. */
  repetitionMax: number;
  definitionMax: number;
  /** Values are passed over, only counted. */
  levelsOnly?: boolean;
}

export interface NumberPage {
  count: number;
  /** One a value, or undefined where the largest level is 0. */
  repetition: Uint8Array | undefined;
  definition: Uint8Array | undefined;
  /** Of the values that are not null. */
  values: PageValues;
}

/** Headers hold statistics of two values; more than this is damage. */
const HEADER_BYTES_MAX = 1024 * 1024;
const HEADER_BYTES_USUAL = 4096;
/** Writers make pages of a megabyte or so. */
const PAGE_VALUES_MAX = 2 ** 26;

/**
 * Goes over the pages of any column, without its values, so that what the package reads afterwards is bounded: it trusts
 * every length. BAD_VECTOR_FILE.
 */
export function checkPages(
  file: MappedFile,
  chunk: ColumnMetaData,
  leaf: NumberLeaf,
  decompress: Decompress,
  tools: ParquetTools,
): void {
  for (const _page of readPages(file, chunk, { ...leaf, levelsOnly: true }, decompress, tools));
}

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
  const reader = new PageReader(file, leaf, decompress, tools);
  const wanted = Number(chunk.num_values);
  for (let seen = 0; seen < wanted; ) {
    const { header, bytes } = reader.header(at, end, `${seen} of ${wanted} values`);
    const body = at + bytes;
    const page = reader.page(header, body, end);
    at = body + header.compressed_page_size;
    if (page === undefined) continue;
    seen += page.count;
    yield page;
  }
}

class PageReader {
  private dictionary: PageValues | undefined;

  constructor(
    private readonly file: MappedFile,
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
  page(header: PageHeader, at: number, end: number): NumberPage | undefined {
    const { compressed_page_size: compressed, uncompressed_page_size: uncompressed } = header;
    const sizes = [compressed, uncompressed].every((size) => size >= 0 && size <= WINDOW_BYTES_MAX);
    if (!sizes || at + compressed > end) {
      const problem = `a page of ${compressed} bytes, ${uncompressed} decompressed, does not lie in its column chunk`;
      throw badVectorFile(this.file.path, at, `${problem} (at most ${WINDOW_BYTES_MAX} are read at once)`);
    }
    try {
      return this.file.use(at, compressed, (bytes) => this.decode(header, bytes));
    } catch (error) {
      throw this.bad(at, 'a page cannot be decoded', error);
    }
  }

  private decode(header: PageHeader, bytes: Uint8Array): NumberPage | undefined {
    const { data_page_header: v1, data_page_header_v2: v2, dictionary_page_header: dictionary } = header;
    const { uncompressed_page_size: size } = header;
    if (dictionary !== undefined) {
      const body = this.expand(bytes, size);
      this.dictionary = this.values(body, 'PLAIN', requireCount(dictionary.num_values, body));
      return undefined;
    }
    if (v1 !== undefined) return this.decodeV1(this.expand(bytes, size), v1.num_values, v1.encoding);
    if (v2 === undefined) return undefined;
    const { repetition_levels_byte_length: r, definition_levels_byte_length: d } = v2;
    if (!(r >= 0 && d >= 0 && r + d <= bytes.length)) throw new Error(`levels of ${r} and ${d} bytes in its page`);
    const raw = bytes.subarray(r + d);
    const body = v2.is_compressed === false || size === r + d ? raw : this.expand(raw, size - r - d);
    const levels = { repetition: bytes.subarray(0, r), definition: bytes.subarray(r, r + d) };
    return this.assemble(v2.num_values, levels, body, v2.encoding);
  }

  private decodeV1(body: Uint8Array, count: number, encoding: Encoding): NumberPage {
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
  ): NumberPage {
    const { repetitionMax, definitionMax } = this.leaf;
    // A run of equal levels may be a few bytes, so the page's size bounds nothing.
    if (!(count >= 0 && count <= PAGE_VALUES_MAX)) throw new Error(`it is said to hold ${count} values`);
    const read = (bytes: Uint8Array, most: number): Uint8Array | undefined =>
      most === 0 ? undefined : readHybrid(bytes, levelBits(most), new Uint8Array(count));
    const repetition = read(levels.repetition, repetitionMax);
    const definition = read(levels.definition, definitionMax);
    let present = count;
    if (definition !== undefined) for (const level of definition) if (level !== definitionMax) present -= 1;
    return { count, repetition, definition, values: this.values(body, encoding, present) };
  }

  private values(body: Uint8Array, encoding: Encoding, count: number): PageValues {
    if (this.leaf.levelsOnly === true) return this.passOver(body, encoding, count);
    const { type } = this.leaf.element;
    switch (encoding) {
      case 'PLAIN':
        return asNumbers(type, copyOf(body, count * widthOf(type)));
      case 'BYTE_STREAM_SPLIT':
        return asNumbers(type, joinStreams(body, count, widthOf(type)));
      case 'PLAIN_DICTIONARY':
      case 'RLE_DICTIONARY':
        return this.lookUp(body, count);
      case 'DELTA_BINARY_PACKED': {
        const to = type === 'INT32' ? new Int32Array(count) : new BigInt64Array(count);
        const reader = { view: new DataView(body.buffer, body.byteOffset, body.byteLength), offset: 0 };
        if (count > 0) this.tools.deltaBinaryUnpack(reader, count, to);
        return to;
      }
      default:
        throw new Error(`its encoding ${encoding} is not known for numbers`);
    }
  }

  private passOver(body: Uint8Array, encoding: Encoding, count: number): PageValues {
    const isEntries = encoding === 'PLAIN_DICTIONARY' || encoding === 'RLE_DICTIONARY';
    if (isEntries && count > 0) readHybrid(body.subarray(1), body[0] as number, new Uint32Array(count));
    // Booleans: their length, then runs.
    if (encoding === 'RLE' && count > 0) readHybrid(body.subarray(4), 1, new Uint8Array(count));
    return NO_VALUES;
  }

  private lookUp(body: Uint8Array, count: number): PageValues {
    const { dictionary } = this;
    if (dictionary === undefined) throw new Error('its values are entries of a dictionary that is not there');
    const to = asNumbers(this.leaf.element.type, new Uint8Array(count * dictionary.BYTES_PER_ELEMENT));
    if (count === 0) return to;
    const bits = body[0] as number;
    const entries = readHybrid(body.subarray(1), bits, new Uint32Array(count));
    for (let i = 0; i < count; i += 1) {
      const entry = entries[i] as number;
      if (entry >= dictionary.length) throw new Error(`entry ${entry} of a dictionary of ${dictionary.length}`);
      to[i] = dictionary[entry] as never;
    }
    return to;
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

function requireCount(count: number, body: Uint8Array): number {
  if (count >= 0 && count <= body.length) return count;
  throw new Error(`a dictionary of ${count} entries in ${body.length} bytes`);
}
