// A Parquet file as rows of vectors: opens the footer, chooses the columns, goes over the row groups. Vectors are read a
// page at a time (parquet-vectors.ts), ids and payloads by parquet-columns.ts.
import type { FileMetaData } from 'hyparquet';
import { VamanaError } from '../errors.js';
import { type Decompress, loadCodec } from './codecs.js';
import { chooseColumns, chooseVector } from './column-choice.js';
import type { ColumnFacts, ColumnReader, RowBlock } from './column-source.js';
import { badVectorFile } from './faults.js';
import { MappedFile } from './mapped-file.js';
import { loadOptional } from './optional-package.js';
import { ParquetColumns } from './parquet-columns.js';
import { leavesOf, ParquetVectors, vectorColumns } from './parquet-vectors.js';
import { thriftStructBytes } from './thrift-bounds.js';
import type { OpenVectorOptions } from './vector-source.js';

/** Metadata past that is damage: it would be that of a hundred thousand row groups. */
const FOOTER_BYTES_MAX = 512 * 1024 * 1024;
const MAGIC = 'PAR1';

/** NOT_FOUND, BAD_VECTOR_FILE, INVALID_ARGUMENT, UNSUPPORTED. */
export async function openParquet(path: string, options: OpenVectorOptions): Promise<ColumnReader> {
  const file = MappedFile.open(path);
  try {
    return await open(file, options);
  } catch (error) {
    file.close();
    throw error;
  }
}

async function open(file: MappedFile, options: OpenVectorOptions): Promise<ParquetReader> {
  const { path } = file;
  const hyparquet = await load(path);
  const { parquetMetadata, parquetSchema, parquetReadObjects } = hyparquet;
  const footer = readFooter(file);
  let metadata: FileMetaData;
  let candidates: ReturnType<typeof vectorColumns>;
  let leaves: ReturnType<typeof leavesOf>;
  let names: string[];
  try {
    thriftStructBytes(footer.subarray(0, -8));
    metadata = parquetMetadata(footer, { geoparquet: false });
    const root = parquetSchema(metadata);
    leaves = leavesOf(root);
    candidates = vectorColumns(root, leaves);
    names = root.children.map(({ element }) => element.name);
    requireRows(metadata);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw badVectorFile(path, file.bytes - footer.length, `its footer cannot be read: ${reason}; copy the file again`);
  }
  const choosable = candidates.map(({ name }) => name);
  const vector = chooseVector(path, names, choosable, options.column);
  const choice = chooseColumns(path, names, vector, options);
  const column = candidates.find(({ name }) => name === vector) as (typeof candidates)[number];
  const codecs = await loadCodecs(path, metadata);
  const { parquetHeader, deltaBinaryUnpack, readOffsetIndex } = hyparquet;
  const tools = { parquetHeader, deltaBinaryUnpack, readOffsetIndex };
  const vectors = new ParquetVectors(file, metadata, column, codecs, tools);
  const others = new ParquetColumns(file, metadata, choice, codecs, parquetReadObjects, leaves, tools);
  return new ParquetReader(file, metadata, vectors, others);
}

async function load(path: string) {
  return loadOptional('hyparquet', `reading ${path}`, async () => {
    const [main, column, delta] = await Promise.all([
      import('hyparquet'),
      import('hyparquet/src/column.js'),
      import('hyparquet/src/delta.js'),
    ]);
    return { ...main, ...column, ...delta };
  });
}

// The file ends with the footer, its length and the magic.
function readFooter(file: MappedFile): Uint8Array {
  const { path, bytes } = file;
  if (bytes < 12) throw badVectorFile(path, 0, `${bytes} bytes are no Parquet file; expected 12 at least`);
  const tail = file.use(bytes - 8, 8, (end) => Buffer.from(end));
  const magic = tail.toString('latin1', 4);
  if (magic === 'PARE') throw new VamanaError('UNSUPPORTED', `${path} is encrypted; write it without encryption`);
  const begins = file.use(0, 4, (start) => Buffer.from(start).toString('latin1'));
  if (magic !== MAGIC || begins !== MAGIC) {
    const [at, what] = begins === MAGIC ? [bytes - 4, 'the file is cut off'] : [0, 'it is no Parquet file'];
    throw badVectorFile(path, at, `${what}: expected ${MAGIC} at its start and its end; copy it again`);
  }
  const length = tail.readUInt32LE(0);
  if (length > bytes - 12 || length > FOOTER_BYTES_MAX) {
    throw badVectorFile(path, bytes - 8, `its footer is said to have ${length} bytes; the file has ${bytes}`);
  }
  return file.use(bytes - 8 - length, length + 8, (footer) => footer.slice());
}

function requireRows({ num_rows, row_groups }: FileMetaData): void {
  const counts = row_groups.map((group) => Number(group.num_rows));
  const sum = counts.reduce((all, count) => all + count, 0);
  if (counts.some((count) => !(count >= 0)) || sum !== Number(num_rows)) {
    throw new Error(`${num_rows} rows are not the ${sum} of its row groups`);
  }
}

async function loadCodecs(path: string, { row_groups }: FileMetaData): Promise<Map<string, Decompress>> {
  const codecs = new Map<string, Decompress>();
  for (const { columns } of row_groups) {
    for (const { meta_data } of columns) {
      const codec = meta_data?.codec ?? 'UNCOMPRESSED';
      if (!codecs.has(codec)) codecs.set(codec, await loadCodec(path, codec));
    }
  }
  return codecs;
}

class ParquetReader implements ColumnReader {
  readonly facts: ColumnFacts;

  constructor(
    private readonly file: MappedFile,
    private readonly metadata: FileMetaData,
    private readonly vectors: ParquetVectors,
    private readonly others: ParquetColumns,
  ) {
    const rows = Number(metadata.num_rows);
    this.facts = {
      ...{ path: file.path, fileBytes: file.bytes, seekable: false, columns: others.columns },
      rows,
      stored: vectors.column.stored,
      dim: rows === 0 ? 0 : vectors.firstLength(),
    };
  }

  async *blocks(start: number, end: number): AsyncGenerator<RowBlock, void> {
    let groupStart = 0;
    for (const [group, { num_rows }] of this.metadata.row_groups.entries()) {
      const groupEnd = groupStart + Number(num_rows);
      if (groupEnd > start && groupStart < end) yield* this.group(group, groupStart, start, end);
      groupStart = groupEnd;
    }
  }

  close(): void {
    this.file.close();
  }

  private async *group(group: number, groupStart: number, start: number, end: number): AsyncGenerator<RowBlock, void> {
    const { dim } = this.facts;
    let row = groupStart;
    for (const { rows, data } of this.vectors.rows(group, groupStart, dim)) {
      const from = Math.max(0, start - row);
      const to = Math.min(rows, end - row);
      if (from < to) {
        const wanted = from === 0 && to === rows ? data : (data.slice(from * dim, to * dim) as typeof data);
        yield { rows: to - from, data: wanted, ...(await this.others.take(row + from, row + to)) };
      }
      row += rows;
      if (row >= end) return;
    }
  }
}
