// Reads the header of a vector file into the one description of how its rows lie, and checks the file's size
// against it. Called by vector-source.ts when a file is opened.
//
// A file is accepted iff (1) its header is whole and says 1..MAX_DIMENSION elements a row and at least one row,
// (2) formats with a prefix to every row: the size is a whole number of rows, (3) the others: the size is
// exactly what the header says. That every row repeats the same dimension is checked when rows are read.
import { MAX_DIMENSION } from '../limits.js';
import { badVectorFile } from './faults.js';
import {
  elementBytes,
  type FlatFormat,
  flatHeader,
  formatTraits,
  type StoredElement,
  type VectorElement,
} from './formats.js';
import type { MappedFile } from './mapped-file.js';
import { NPY_PREAMBLE_BYTES, parseNpyPreamble, parseNpyText } from './npy-header.js';

/** Row i begins at offset + i * stride: its dimension as i32 when `rowPrefix`, then dim stored elements. */
export interface RowLayout {
  readonly format: FlatFormat;
  readonly rows: number;
  readonly dim: number;
  readonly stored: StoredElement;
  readonly rowPrefix: boolean;
  readonly offset: number;
  readonly stride: number;
}

export const ROW_PREFIX_BYTES = 4;
export const BIN_HEADER_BYTES = 8;

export function readLayout(file: MappedFile, format: FlatFormat): RowLayout {
  if (file.bytes === 0) throw badVectorFile(file.path, 0, 'the file is empty; expected at least one row');
  switch (flatHeader(format)) {
    case 'row':
      return readPrefixedLayout(file, format);
    case 'bin':
      return readBinLayout(file, format);
    case 'npy':
      return readNpyLayout(file);
  }
}

function readPrefixedLayout(file: MappedFile, format: FlatFormat): RowLayout {
  requireHeader(file, ROW_PREFIX_BYTES);
  const dim = file.use(0, ROW_PREFIX_BYTES, (bytes) => viewOf(bytes).getInt32(0, true));
  checkDimension(file.path, 0, dim);
  const stored = onlyElement(format);
  const stride = ROW_PREFIX_BYTES + dim * elementBytes(stored);
  const rows = Math.floor(file.bytes / stride);
  const rest = file.bytes - rows * stride;
  if (rest !== 0) {
    throw badVectorFile(
      file.path,
      rows * stride,
      `the last row is cut off: expected ${stride} bytes (dimension ${dim} and its elements), found ${rest}; ` +
        'copy the file again, or the rows are not all of one dimension',
    );
  }
  return { format, rows, dim, stored, rowPrefix: true, offset: 0, stride };
}

function readBinLayout(file: MappedFile, format: FlatFormat): RowLayout {
  requireHeader(file, BIN_HEADER_BYTES);
  const [rows, dim] = file.use(0, BIN_HEADER_BYTES, (bytes) => {
    const view = viewOf(bytes);
    return [view.getUint32(0, true), view.getUint32(4, true)] as const;
  });
  checkRows(file.path, 0, rows);
  checkDimension(file.path, 4, dim);
  const stored = onlyElement(format);
  return checkSize(file, {
    format,
    rows,
    dim,
    stored,
    rowPrefix: false,
    offset: BIN_HEADER_BYTES,
    stride: dim * elementBytes(stored),
  });
}

function readNpyLayout(file: MappedFile): RowLayout {
  const preambleBytes = Math.min(NPY_PREAMBLE_BYTES, file.bytes);
  const { textOffset, textBytes } = file.use(0, preambleBytes, (bytes) => parseNpyPreamble(file.path, bytes));
  requireHeader(file, textOffset + textBytes);
  const header = file.use(textOffset, textBytes, (text) => parseNpyText(file.path, text, textOffset));
  checkRows(file.path, textOffset, header.rows);
  checkDimension(file.path, textOffset, header.dim);
  return checkSize(file, {
    format: 'npy',
    rows: header.rows,
    dim: header.dim,
    stored: header.stored,
    rowPrefix: false,
    offset: header.dataOffset,
    stride: header.dim * elementBytes(header.stored),
  });
}

function requireHeader(file: MappedFile, bytes: number): void {
  if (file.bytes >= bytes) return;
  throw badVectorFile(file.path, file.bytes, `the header is cut off: expected ${bytes} bytes, found ${file.bytes}`);
}

function checkRows(path: string, offset: number, rows: number): void {
  if (rows === 0) throw badVectorFile(path, offset, 'the header says 0 rows; expected at least one');
  if (Number.isSafeInteger(rows) && rows > 0) return;
  throw badVectorFile(path, offset, `the header says ${rows} rows; expected a whole number below 2^53`);
}

function checkDimension(path: string, offset: number, dim: number): void {
  if (Number.isInteger(dim) && dim >= 1 && dim <= MAX_DIMENSION) return;
  throw badVectorFile(
    path,
    offset,
    `the header says dimension ${dim}; expected 1 to ${MAX_DIMENSION}; is the file of another format?`,
  );
}

function checkSize(file: MappedFile, layout: RowLayout): RowLayout {
  const { rows, dim, stored, offset, stride } = layout;
  const expected = offset + rows * stride;
  if (file.bytes === expected) return layout;
  const shape = `${rows} rows x ${dim} ${stored}`;
  if (!Number.isSafeInteger(expected)) {
    throw badVectorFile(file.path, 0, `the header says ${shape}, which is beyond 2^53 bytes`);
  }
  const found = `expected ${expected} bytes for ${shape}, found ${file.bytes}`;
  if (file.bytes < expected) {
    const firstCut = offset + Math.floor((file.bytes - offset) / stride) * stride;
    throw badVectorFile(file.path, firstCut, `rows are cut off: ${found}; copy the file again`);
  }
  throw badVectorFile(file.path, expected, `there is more than the header says: ${found}; is the format right?`);
}

// Formats other than npy hold one element type each.
function onlyElement(format: FlatFormat): VectorElement {
  return formatTraits(format).elements[0] as VectorElement;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
