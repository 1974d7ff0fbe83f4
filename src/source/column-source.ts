// A file of columns as a VectorSource: what the column formats have in common. Each brings a reader that gives its rows
// in blocks of whatever size its file has; here they are checked, cut into windows and counted.
//
// Memory: a block at a time. Blocks are pages of Parquet (a row group of the columns beside the vectors), record
// batches of Arrow, windows of HDF5 and of .jsonl.
import { setImmediate } from 'node:timers/promises';
import { VamanaError } from '../errors.js';
import { MAX_DIMENSION } from '../limits.js';
import type { Payload, PointIdInput } from '../payload/point.js';
import { openArrow } from './arrow-reader.js';
import { invalidArgument } from './faults.js';
import { type ColumnFormat, elementBytes, type StoredElement, type VectorData } from './formats.js';
import { openHdf5 } from './hdf5-reader.js';
import { openJsonLines } from './jsonl-reader.js';
import { openParquet } from './parquet-reader.js';
import { presentedElement } from './rows.js';
import type { OpenVectorOptions, VectorSource, VectorWindow, WindowOptions } from './vector-source.js';
import { type WindowRange, windowRange } from './window-range.js';

/** Rows in the order of the file. The arrays are the receiver's own. */
export interface RowBlock {
  rows: number;
  data: VectorData;
  ids?: readonly PointIdInput[];
  payloads?: readonly (Payload | null)[];
}

export interface ColumnFacts {
  readonly path: string;
  readonly fileBytes: number;
  readonly rows: number;
  readonly dim: number;
  readonly stored: StoredElement;
  readonly seekable: boolean;
  readonly columns: { readonly ids: boolean; readonly payloads: boolean };
}

/** What a column format brings. */
export interface ColumnReader {
  readonly facts: ColumnFacts;
  /** Rows [start, end), all of them. */
  blocks(start: number, end: number): AsyncIterable<RowBlock>;
  close(): void;
}

const OPENERS: Readonly<
  Record<ColumnFormat, (path: string, options: OpenVectorOptions) => ColumnReader | Promise<ColumnReader>>
> = { parquet: openParquet, arrow: openArrow, hdf5: openHdf5, jsonl: openJsonLines };

/** NOT_FOUND, BAD_VECTOR_FILE, INVALID_ARGUMENT (no such column), UNSUPPORTED (a package is missing). */
export async function openColumnSource(
  path: string,
  format: ColumnFormat,
  options: OpenVectorOptions,
): Promise<VectorSource> {
  const reader = await openReader(path, format, options);
  try {
    const { path: file, rows, dim } = reader.facts;
    if (rows < 1) throw invalidArgument(`${file} has no rows; expected at least one`);
    if (!(dim >= 1 && dim <= MAX_DIMENSION)) {
      throw invalidArgument(`${file}: vectors of ${dim} elements; expected 1 to ${MAX_DIMENSION}`);
    }
    return new ColumnVectorSource(reader, format);
  } catch (error) {
    reader.close();
    throw error;
  }
}

class ColumnVectorSource implements VectorSource {
  readonly path: string;
  readonly rows: number;
  readonly dim: number;
  readonly element: VectorSource['element'];
  readonly stored: StoredElement;
  readonly fileBytes: number;
  readonly seekable: boolean;
  readonly columns: VectorSource['columns'];
  readonly shape = undefined;
  private closed = false;

  constructor(
    private readonly reader: ColumnReader,
    readonly format: ColumnFormat,
  ) {
    const { path, rows, dim, stored, fileBytes, seekable, columns } = reader.facts;
    this.path = path;
    this.rows = rows;
    this.dim = dim;
    this.stored = stored;
    this.element = presentedElement(stored);
    this.fileBytes = fileBytes;
    this.seekable = seekable;
    this.columns = columns;
  }

  windows(options: WindowOptions = {}): AsyncIterableIterator<VectorWindow> {
    this.requireOpen();
    return this.readWindows(windowRange(this.path, this.rows, this.dim * elementBytes(this.stored), options));
  }

  offsetOf(): undefined {
    return undefined;
  }

  close(): void {
    if (!this.closed) this.reader.close();
    this.closed = true;
  }

  private async *readWindows({ start, end, rowsMax }: WindowRange): AsyncGenerator<VectorWindow, void> {
    if (start === end) return;
    let firstRow = start;
    for await (const block of soundBlocks(this.path, this.reader.blocks(start, end))) {
      for (let at = 0; at < block.rows; at += rowsMax) {
        const rows = Math.min(rowsMax, block.rows - at);
        yield { firstRow, ...slice(block, at, rows, this.dim) };
        firstRow += rows;
        this.requireOpen();
      }
      await setImmediate();
      this.requireOpen();
    }
    if (firstRow === end) return;
    throw new VamanaError('BAD_VECTOR_FILE', `${this.path} ends at row ${firstRow}; expected ${this.rows} rows`);
  }

  private requireOpen(): void {
    if (this.closed) throw new VamanaError('CLOSED', `${this.path} was closed; open it again`);
  }
}

// What the packages throw about bytes that they cannot make sense of has no code of ours.
async function* soundBlocks(path: string, blocks: AsyncIterable<RowBlock>): AsyncGenerator<RowBlock, void> {
  try {
    yield* blocks;
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

async function openReader(path: string, format: ColumnFormat, options: OpenVectorOptions): Promise<ColumnReader> {
  try {
    return await OPENERS[format](path, options);
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

function unreadable(path: string, cause: unknown): VamanaError {
  if (cause instanceof VamanaError) return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new VamanaError('BAD_VECTOR_FILE', `${path} cannot be read: ${reason}; it is damaged`, { cause });
}

function slice(block: RowBlock, at: number, rows: number, dim: number): RowBlock {
  if (rows === block.rows) return block;
  const { data, ids, payloads } = block;
  return {
    rows,
    data: data.slice(at * dim, (at + rows) * dim) as VectorData,
    ...(ids === undefined ? {} : { ids: ids.slice(at, at + rows) }),
    ...(payloads === undefined ? {} : { payloads: payloads.slice(at, at + rows) }),
  };
}
