// Ids and payloads of a Parquet file, beside its vectors: read by the package hyparquet, a few thousand rows at a time
// where the file has an index of its pages, else a row group at a time, which then stands in memory whole.
import type { AsyncBuffer, Compressors, FileMetaData, ParquetParsers, parquetReadObjects, RowGroup } from 'hyparquet';
import { WINDOW_BYTES_MAX } from '../limits.js';
import { parseExactJson } from '../payload/exact-json.js';
import type { Decompress } from './codecs.js';
import { type ColumnChoice, columnsOf } from './column-choice.js';
import type { RowBlock } from './column-source.js';
import { jsonValue, payloadFrom, payloadOf, typedIdOf } from './column-values.js';
import { badVectorFile } from './faults.js';
import type { MappedFile } from './mapped-file.js';
import { checkChunk } from './parquet-chunks.js';
import type { NumberLeaf, ParquetTools } from './parquet-pages.js';

const SLICE_ROWS = 4096;

type Row = Record<string, unknown>;

export class ParquetColumns {
  readonly columns: { ids: boolean; payloads: boolean };
  private readonly names: string[];
  /** Row groups whose pages were looked at. */
  private readonly checked = new Set<RowGroup>();
  /** The rows read last. */
  private held: { start: number; end: number; rows: readonly Row[] } = { start: 0, end: 0, rows: [] };

  constructor(
    private readonly file: MappedFile,
    private readonly metadata: FileMetaData,
    private readonly choice: ColumnChoice,
    private readonly codecs: ReadonlyMap<string, Decompress>,
    private readonly readObjects: typeof parquetReadObjects,
    private readonly leaves: ReadonlyMap<string, NumberLeaf>,
    private readonly tools: ParquetTools,
  ) {
    const { ids, payload } = choice;
    this.columns = columnsOf(choice);
    const payloads = payload === undefined ? [] : 'column' in payload ? [payload.column] : payload.members;
    this.names = [...new Set([...(ids === undefined ? [] : [ids]), ...payloads])];
  }

  /** Of the rows [start, end) of the file, which lie in one row group. */
  async take(start: number, end: number): Promise<Pick<RowBlock, 'ids' | 'payloads'>> {
    if (this.names.length === 0) return {};
    const ids: NonNullable<RowBlock['ids']>[number][] = [];
    const payloads: NonNullable<RowBlock['payloads']>[number][] = [];
    for (let row = start; row < end; row += 1) {
      if (row < this.held.start || row >= this.held.end) await this.hold(row);
      const found = this.held.rows[row - this.held.start] as Row;
      if (this.columns.ids) ids.push(typedIdOf(this.file.path, row, found[this.choice.ids as string]));
      if (this.columns.payloads) payloads.push(this.payload(row, found));
    }
    return { ...(this.columns.ids ? { ids } : {}), ...(this.columns.payloads ? { payloads } : {}) };
  }

  private payload(row: number, found: Row): NonNullable<RowBlock['payloads']>[number] {
    const { payload } = this.choice;
    if (payload !== undefined && 'column' in payload) {
      return payloadOf(this.file.path, row, jsonOrText(found[payload.column]));
    }
    return payloadFrom(payload?.members ?? [], (name) => jsonValue(found[name]));
  }

  private async hold(row: number): Promise<void> {
    const { start: groupStart, rows, group } = this.groupOf(row);
    const indexed = this.isIndexed(group);
    this.check(group, rows, indexed);
    const start = indexed ? row : groupStart;
    const end = indexed ? Math.min(groupStart + rows, row + SLICE_ROWS) : groupStart + rows;
    try {
      const found = await this.readObjects({
        file: this.buffer(),
        metadata: this.metadata,
        columns: this.names,
        rowStart: start,
        rowEnd: end,
        compressors: Object.fromEntries(this.codecs) as Compressors,
        parsers: PARSERS,
        useOffsetIndex: indexed,
        geoparquet: false,
      });
      if (found.length !== end - start) throw new Error(`found ${found.length} rows, expected ${end - start}`);
      this.held = { start, end, rows: found };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const what = `rows ${start} to ${end - 1} of ${this.names.join(', ')}`;
      throw badVectorFile(this.file.path, 0, `${what} cannot be read: ${reason}; is the file whole?`);
    }
  }

  private check(group: RowGroup, rows: number, isIndexed: boolean): void {
    if (this.checked.has(group)) return;
    const { tools } = this;
    for (const column of group.columns) {
      const { meta_data: chunk, file_path } = column;
      if (chunk === undefined || !this.names.includes(chunk.path_in_schema[0] ?? '')) continue;
      const path = chunk.path_in_schema.join('.');
      const leaf = this.leaves.get(path);
      if (leaf === undefined || file_path !== undefined) {
        throw badVectorFile(this.file.path, this.file.bytes, `there is no column ${path} in it`);
      }
      const decompress = this.codecs.get(chunk.codec) as Decompress;
      checkChunk(this.file, column, leaf, rows, { decompress, tools, isIndexed });
    }
    this.checked.add(group);
  }

  private groupOf(row: number): { start: number; rows: number; group: RowGroup } {
    let start = 0;
    for (const group of this.metadata.row_groups) {
      const rows = Number(group.num_rows);
      if (row < start + rows) return { start, rows, group };
      start += rows;
    }
    throw badVectorFile(this.file.path, this.file.bytes, `row ${row} is in no row group`);
  }

  private isIndexed(group: RowGroup): boolean {
    return group.columns
      .filter(({ meta_data }) => this.names.includes(meta_data?.path_in_schema[0] ?? ''))
      .every(({ offset_index_offset, offset_index_length }) => offset_index_offset && offset_index_length);
  }

  private buffer(): AsyncBuffer {
    const { file } = this;
    return {
      byteLength: file.bytes,
      slice: (start, end = file.bytes) => {
        if (!(start >= 0 && start <= end && end <= file.bytes)) {
          throw new Error(`bytes ${start} to ${end} are not in a file of ${file.bytes}`);
        }
        if (end - start > WINDOW_BYTES_MAX) {
          throw new Error(`${end - start} bytes of a column; at most ${WINDOW_BYTES_MAX} are read at once`);
        }
        return file.use(start, end - start, (bytes) => bytes.slice().buffer as ArrayBuffer);
      },
    };
  }
}

function jsonOrText(value: unknown): unknown {
  return typeof value === 'string' ? value : jsonValue(value);
}

// Times as text, since payloads are JSON; whole numbers in JSON columns exact.
const PARSERS: Partial<ParquetParsers> = {
  timestampFromMilliseconds: (value) => timeText(value, 1000n),
  timestampFromMicroseconds: (value) => timeText(value, 1_000_000n),
  timestampFromNanoseconds: (value) => timeText(value, 1_000_000_000n),
  dateFromDays: (days) => new Date(days * 86_400_000).toISOString().slice(0, 10),
  jsonFromBytes: (bytes) => (bytes === undefined ? bytes : parseExactJson(new TextDecoder().decode(bytes))),
};

/** RFC 3339, with as many digits of the second as there are. `value` counts parts of a second. */
export function timeText(value: bigint | number | undefined, parts: bigint): string | undefined {
  if (value === undefined || value === null) return undefined;
  const count = BigInt(value);
  const rest = ((count % parts) + parts) % parts;
  const seconds = Number((count - rest) / parts);
  const whole = new Date(seconds * 1000).toISOString().slice(0, -5);
  const digits = rest
    .toString()
    .padStart(parts.toString().length - 1, '0')
    .replace(/0+$/, '');
  return digits === '' ? `${whole}Z` : `${whole}.${digits}Z`;
}
