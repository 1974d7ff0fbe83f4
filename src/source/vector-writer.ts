// Writes a vector file row block by row block, in any format that vector-source.ts reads back (f64, Arrow and HDF5
// apart). The number of rows need not be known before: the header is written last over a placeholder, and column formats
// (column-writer.ts) have theirs at the end or none. The file appears under its name only when finish() succeeds; any
// failure before removes what was written.
import { MAX_DIMENSION, WINDOW_BYTES_DEFAULT } from '../limits.js';
import type { Payload, PointIdInput } from '../payload/point.js';
import { AtomicFile } from './atomic-file.js';
import { createColumnEncoder } from './column-writer.js';
import { invalidArgument } from './faults.js';
import {
  bytesOf,
  chooseFormat,
  elementBytes,
  type FlatFormat,
  flatHeader,
  formatTraits,
  isColumnFormat,
  isVectorData,
  type VectorData,
  type VectorElement,
  type VectorFormat,
} from './formats.js';
import { BIN_HEADER_BYTES, ROW_PREFIX_BYTES } from './headers.js';
import { encodeNpyHeader } from './npy-header.js';

export interface VectorWriterOptions {
  /** By the extension when left out. */
  format?: string;
  dim: number;
  element: VectorElement;
  /** When given, finish() insists on exactly so many. */
  rows?: number;
  /** Replace a file that stands under the name. */
  force?: boolean;
  /** What every write() brings besides vectors. Column formats only. */
  columns?: WrittenColumns;
}

export interface WrittenColumns {
  readonly ids: boolean;
  readonly payloads: boolean;
  /** Whether ids may be text, where a column has one type; told from the first rows when left out. */
  readonly textIds?: boolean;
}

/** What stands beside the rows of one write(). */
export interface RowColumns {
  ids?: readonly PointIdInput[];
  payloads?: readonly (Payload | null)[];
}

/** Makes the bytes of a column format. What it returns is written to the file in order. */
export interface ColumnEncoder {
  rows(data: VectorData, rows: number, columns: RowColumns): Uint8Array | Promise<Uint8Array>;
  end(): Uint8Array | Promise<Uint8Array>;
}

/** One call at a time. After a failure the writer is aborted already. */
export interface VectorWriter {
  readonly format: VectorFormat;
  /** Rows written so far. */
  readonly rows: number;
  /** Appends whole rows, tightly packed; `data` may be reused once the promise settles. */
  write(data: VectorData, columns?: RowColumns): Promise<void>;
  /** Publishes the file, durable. INVALID_ARGUMENT without a single row, since no reader takes such a file. */
  finish(): Promise<{ rows: number; bytes: number }>;
  /** Removes what was written. Idempotent; harmless after finish(). */
  abort(): Promise<void>;
}

/** INVALID_ARGUMENT, ALREADY_EXISTS, NOT_FOUND (folder) before anything is made. */
export async function createVectorWriter(path: string, options: VectorWriterOptions): Promise<VectorWriter> {
  const { dim, element, rows } = options;
  const format = chooseFormat(path, options.format);
  requireElement(path, format, element);
  if (!Number.isInteger(dim) || dim < 1 || dim > MAX_DIMENSION) {
    throw invalidArgument(`${path}: dimension ${dim}; expected 1 to ${MAX_DIMENSION}`);
  }
  if (rows !== undefined) checkRows(path, format, rows);
  const { columns = { ids: false, payloads: false } } = options;
  if (!isColumnFormat(format) && (columns.ids || columns.payloads)) {
    throw invalidArgument(`${path}: ${format} files hold vectors only, no ids or payloads; choose .parquet or .jsonl`);
  }
  const encoder = isColumnFormat(format)
    ? await createColumnEncoder(path, format, { dim, element, columns })
    : undefined;
  const file = await AtomicFile.create(path, options.force ?? false);
  const writer = new FileVectorWriter(path, format, dim, element, rows, file, encoder);
  await writer.begin();
  return writer;
}

/** INVALID_ARGUMENT unless files of the format can hold the element. */
export function requireElement(path: string, format: VectorFormat, element: VectorElement): void {
  const { elements } = formatTraits(format);
  if (elements.includes(element)) return;
  if (elements.length === 0) throw invalidArgument(`${path}: ${format} files are read, not written; choose .parquet`);
  throw invalidArgument(`${path}: ${format} files hold ${elements.join(', ')}, not ${element}`);
}

class FileVectorWriter implements VectorWriter {
  rows = 0;
  private end = 0;

  constructor(
    private readonly path: string,
    readonly format: VectorFormat,
    private readonly dim: number,
    private readonly element: VectorElement,
    private readonly rowsExpected: number | undefined,
    private readonly file: AtomicFile,
    private readonly encoder: ColumnEncoder | undefined,
  ) {}

  async begin(): Promise<void> {
    const placeholder = new Uint8Array(this.encodeHeader().length);
    await this.orAbort(() => this.append(placeholder));
  }

  async write(data: VectorData, columns: RowColumns = {}): Promise<void> {
    await this.orAbort(async () => {
      const rows = data.length / this.dim;
      if (!isVectorData(this.element, data) || !Number.isInteger(rows)) {
        const found = `${data.constructor.name} of ${data.length} elements`;
        throw invalidArgument(`${this.path}: expected whole rows of ${this.dim} ${this.element}, found ${found}`);
      }
      checkRows(this.path, this.format, this.rows + rows);
      if (this.encoder !== undefined) await this.append(await this.encoder.rows(data, rows, columns));
      else if (formatTraits(this.format).header === 'row') await this.appendPrefixed(bytesOf(data), rows);
      else await this.append(bytesOf(data));
      this.rows += rows;
    });
  }

  async finish(): Promise<{ rows: number; bytes: number }> {
    return this.orAbort(async () => {
      const expected = this.rowsExpected ?? Math.max(1, this.rows);
      if (this.rows !== expected) {
        throw invalidArgument(`${this.path}: ${this.rows} rows were written, expected ${expected}`);
      }
      if (this.encoder === undefined) await this.file.write(this.encodeHeader(), 0);
      else await this.append(await this.encoder.end());
      await this.file.commit();
      return { rows: this.rows, bytes: this.end };
    });
  }

  abort(): Promise<void> {
    return this.file.discard();
  }

  private encodeHeader(): Uint8Array {
    if (this.encoder !== undefined) return new Uint8Array(0);
    switch (flatHeader(this.format as FlatFormat)) {
      case 'row':
        return new Uint8Array(0);
      case 'npy':
        return encodeNpyHeader(this.rows, this.dim, this.element);
      case 'bin': {
        const header = new DataView(new ArrayBuffer(BIN_HEADER_BYTES));
        header.setUint32(0, this.rows, true);
        header.setUint32(4, this.dim, true);
        return new Uint8Array(header.buffer);
      }
    }
  }

  // Rows get their prefixes in blocks, so that memory stays bounded however much is written at once.
  private async appendPrefixed(bytes: Uint8Array, rows: number): Promise<void> {
    const rowBytes = this.dim * elementBytes(this.element);
    const stride = ROW_PREFIX_BYTES + rowBytes;
    const blockRows = Math.min(rows, Math.max(1, Math.floor(WINDOW_BYTES_DEFAULT / stride)));
    const block = new Uint8Array(blockRows * stride);
    const view = new DataView(block.buffer);
    for (let first = 0; first < rows; first += blockRows) {
      const count = Math.min(blockRows, rows - first);
      for (let row = 0; row < count; row += 1) {
        const from = (first + row) * rowBytes;
        view.setInt32(row * stride, this.dim, true);
        block.set(bytes.subarray(from, from + rowBytes), row * stride + ROW_PREFIX_BYTES);
      }
      await this.append(block.subarray(0, count * stride));
    }
  }

  private async append(bytes: Uint8Array): Promise<void> {
    await this.file.write(bytes, this.end);
    this.end += bytes.length;
  }

  private async orAbort<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      await this.abort();
      throw error;
    }
  }
}

// The u32 of the bin formats; the others are bounded by exact JavaScript numbers only.
function checkRows(path: string, format: VectorFormat, rows: number): void {
  const most = formatTraits(format).header === 'bin' ? 2 ** 32 - 1 : Number.MAX_SAFE_INTEGER;
  if (Number.isSafeInteger(rows) && rows >= 0 && rows <= most) return;
  throw invalidArgument(`${path}: ${rows} rows; ${format} files hold at most ${most}`);
}
