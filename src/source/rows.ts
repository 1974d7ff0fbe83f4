// Bytes of a vector file -> rows tightly packed in a fresh array: prefixes checked and dropped, f64 made f32.
// Always a copy, because the bytes are a mapping that ends with the window. Called by vector-source.ts.
import { badVectorFile } from './faults.js';
import { createVectorData, elementBytes, type StoredElement, type VectorData, type VectorElement } from './formats.js';
import { ROW_PREFIX_BYTES, type RowLayout } from './headers.js';

/** What the rows of a file with `stored` elements are read as. */
export function presentedElement(stored: StoredElement): VectorElement {
  return stored === 'f64' ? 'f32' : stored;
}

/** `bytes` holds `rows` whole rows, the first of which is row `firstRow` of the file. */
export function unpackRows(
  path: string,
  layout: RowLayout,
  bytes: Uint8Array,
  firstRow: number,
  rows: number,
): VectorData {
  const packed = layout.rowPrefix ? dropPrefixes(path, layout, bytes, firstRow, rows) : bytes.slice().buffer;
  const length = rows * layout.dim;
  if (layout.stored === 'f64') return new Float32Array(new Float64Array(packed, 0, length));
  return createVectorData(layout.stored, length, packed);
}

function dropPrefixes(path: string, layout: RowLayout, bytes: Uint8Array, firstRow: number, rows: number): ArrayBuffer {
  const { dim, stride } = layout;
  const rowBytes = dim * elementBytes(layout.stored);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const packed = new Uint8Array(rows * rowBytes);
  for (let row = 0; row < rows; row += 1) {
    const from = row * stride;
    const found = view.getInt32(from, true);
    if (found !== dim) {
      const offset = layout.offset + (firstRow + row) * stride;
      throw badVectorFile(
        path,
        offset,
        `row ${firstRow + row} says dimension ${found}, while the first row says ${dim}; all rows must have one dimension`,
      );
    }
    packed.set(bytes.subarray(from + ROW_PREFIX_BYTES, from + stride), row * rowBytes);
  }
  return packed.buffer;
}
