// A vector file as one thing whatever its format: shape, element type, and its rows in bounded windows. Opening
// reads and checks the header only; nothing here ever holds the whole file. Used by the verbs that read vectors
// in JavaScript (convert, head, truth, import) and, through `shape`, to tell the addon how the rows lie. Flat formats
// are read here, column formats by column-source.ts and what it opens.
//
// Offsets and counts are JavaScript numbers; headers.ts accepts no file in which one would pass 2^53.
import { setImmediate } from 'node:timers/promises';
import type { NativeElement, NativeVectorFileShape } from '../binding.js';
import { VamanaError } from '../errors.js';
import type { Payload, PointIdInput } from '../payload/point.js';
import { openColumnSource } from './column-source.js';
import { invalidArgument } from './faults.js';
import {
  chooseFormat,
  createVectorData,
  elementBytes,
  isColumnFormat,
  type StoredElement,
  splitColumn,
  type VectorData,
  type VectorElement,
  type VectorFormat,
} from './formats.js';
import { ROW_PREFIX_BYTES, type RowLayout, readLayout } from './headers.js';
import { MappedFile } from './mapped-file.js';
import { presentedElement, unpackRows } from './rows.js';
import { type WindowRange, windowRange } from './window-range.js';

export interface VectorWindow {
  /** Row of the file that comes first. */
  firstRow: number;
  rows: number;
  /** rows x dim elements, tightly packed; the receiver's own, never changed afterwards. */
  data: VectorData;
  /** One a row, when the source was opened for ids and has them. */
  ids?: readonly PointIdInput[];
  /** One a row, when the source was opened for payloads and has them. */
  payloads?: readonly (Payload | null)[];
}

export interface OpenVectorOptions {
  /** By the extension when left out. */
  format?: string;
  /** The column, member or dataset with the vectors, where the path names none after a #. Column formats only. */
  column?: string;
  /** The column with the ids; true: `id`, if there is one. Column formats only; none by default. */
  ids?: string | boolean;
  /** The column with the payloads; true: `payload`, or else all other columns are its members. None by default. */
  payload?: string | boolean;
}

export interface WindowOptions {
  /** Row to begin with; 0 by default. */
  start?: number;
  /** Rows to read in all; to the end by default. */
  rows?: number;
  /** Bytes of the file a window may span; a window holds one row at least. */
  bytesMax?: number;
}

export interface VectorSource {
  readonly path: string;
  readonly format: VectorFormat;
  readonly rows: number;
  readonly dim: number;
  /** What the rows are read as. */
  readonly element: VectorElement;
  /** What stands in the file: `element`, or f64. */
  readonly stored: StoredElement;
  readonly fileBytes: number;
  /** Whether rows far into the file cost no more than the first ones. */
  readonly seekable: boolean;
  /** What windows hold besides vectors. */
  readonly columns: { readonly ids: boolean; readonly payloads: boolean };
  /** How the rows lie, for the addon; undefined for column formats and for i32, which is never a vector. */
  readonly shape: NativeVectorFileShape | undefined;
  /** The rows asked for, in order. INVALID_ARGUMENT at once when the file does not have them. */
  windows(options?: WindowOptions): AsyncIterableIterator<VectorWindow>;
  /** Where in the file an element stands; undefined where bytes of a file say nothing to a reader. */
  offsetOf(row: number, column: number): number | undefined;
  /** Idempotent; reading afterwards is CLOSED. */
  close(): void;
}

/** Opens a vector file. Throws NOT_FOUND, BAD_VECTOR_FILE, INVALID_ARGUMENT (format or column unknown), UNSUPPORTED. */
export async function openVectorSource(path: string, options: OpenVectorOptions = {}): Promise<VectorSource> {
  const format = chooseFormat(path, options.format);
  const { file: name, column } = splitColumn(path);
  if (isColumnFormat(format)) {
    return openColumnSource(name, format, column === undefined ? options : { ...options, column });
  }
  if (column !== undefined || options.column !== undefined) {
    throw invalidArgument(`${path}: ${format} files have no columns; leave ${column ?? options.column} out`);
  }
  const file = MappedFile.open(name);
  try {
    return new FileVectorSource(file, readLayout(file, format));
  } catch (error) {
    file.close();
    throw error;
  }
}

/** The element of a source that is to be used as vectors; ids (i32) are refused. */
export function vectorElement(source: Pick<VectorSource, 'path' | 'element'>): NativeElement {
  if (source.element !== 'i32') return source.element;
  throw invalidArgument(
    `${source.path} holds i32, which are ids and not vectors; expected a file of f32, f16, u8 or i8 elements`,
  );
}

/** How its rows lie, for the addon. Column formats lie in no such way: src/segment/flat-rows.ts writes them anew. */
export function vectorShape(source: VectorSource): NativeVectorFileShape {
  vectorElement(source);
  if (source.shape !== undefined) return source.shape;
  throw invalidArgument(`${source.path}: ${source.format} files are not read natively; convert it to .npy first`);
}

/** Rows [start, start + rows) in one array: for queries and other sets that are meant to be held whole. */
export async function readRows(source: VectorSource, start = 0, rows = source.rows - start): Promise<VectorData> {
  const windows = source.windows({ start, rows });
  const all = allocate(source, rows);
  for await (const window of windows) {
    all.set(window.data, (window.firstRow - start) * source.dim);
  }
  return all;
}

class FileVectorSource implements VectorSource {
  readonly path: string;
  readonly format: VectorFormat;
  readonly rows: number;
  readonly dim: number;
  readonly element: VectorElement;
  readonly stored: StoredElement;
  readonly fileBytes: number;
  readonly seekable = true;
  readonly columns = { ids: false, payloads: false };
  readonly shape: NativeVectorFileShape | undefined;

  constructor(
    private readonly file: MappedFile,
    private readonly layout: RowLayout,
  ) {
    this.path = file.path;
    this.fileBytes = file.bytes;
    ({ format: this.format, rows: this.rows, dim: this.dim, stored: this.stored } = layout);
    this.element = presentedElement(layout.stored);
    this.shape = nativeShape(file.path, layout);
  }

  windows(options: WindowOptions = {}): AsyncIterableIterator<VectorWindow> {
    return this.readWindows(windowRange(this.path, this.rows, this.layout.stride, options));
  }

  offsetOf(row: number, column: number): number {
    const { offset, stride, rowPrefix, stored } = this.layout;
    return offset + row * stride + (rowPrefix ? ROW_PREFIX_BYTES : 0) + column * elementBytes(stored);
  }

  close(): void {
    this.file.close();
  }

  private async *readWindows({ start, end, rowsMax }: WindowRange): AsyncGenerator<VectorWindow, void> {
    const { offset, stride } = this.layout;
    for (let firstRow = start; firstRow < end; firstRow += rowsMax) {
      const rows = Math.min(rowsMax, end - firstRow);
      const data = this.file.use(offset + firstRow * stride, rows * stride, (bytes) =>
        unpackRows(this.path, this.layout, bytes, firstRow, rows),
      );
      yield { firstRow, rows, data };
      // One turn of the event loop a window, so that signals and timers are heard during long reads.
      await setImmediate();
    }
  }
}

function allocate(source: VectorSource, rows: number): VectorData {
  try {
    return createVectorData(source.element, rows * source.dim);
  } catch (cause) {
    const problem = `${rows} rows x ${source.dim} ${source.element} of ${source.path} do not fit in memory at once`;
    throw new VamanaError('MEMORY_LIMIT', `${problem}; take fewer (vamana convert --rows)`, { cause });
  }
}

function nativeShape(path: string, layout: RowLayout): NativeVectorFileShape | undefined {
  const element = presentedElement(layout.stored);
  if (element === 'i32') return undefined;
  const { rows, dim, rowPrefix, offset, stride } = layout;
  return { path, rows, dim, element, float64: layout.stored === 'f64', rowPrefix, offset, stride };
}
