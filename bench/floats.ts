// Rows of a vector file as f32, in one array or an array each: what callers of collections and of the service have.
import { createCast } from '../src/source/cast.js';
import { openVectorSource } from '../src/source/vector-source.js';

export interface FlatRows {
  /** rows x dim. One array, since a million of them would be the garbage collector's work in what is measured. */
  data: Float32Array;
  rows: number;
  dim: number;
}

/** The first rows, at most `most` of them. */
export async function loadFlat(path: string, most = Number.POSITIVE_INFINITY): Promise<FlatRows> {
  const source = await openVectorSource(path);
  try {
    const { dim, element } = source;
    const rows = Math.min(source.rows, most);
    const cast = createCast(path, dim, element, 'f32');
    const data = new Float32Array(rows * dim);
    for await (const window of source.windows({ rows })) {
      data.set(cast.apply(window) as Float32Array, window.firstRow * dim);
    }
    return { data, rows, dim };
  } finally {
    source.close();
  }
}

/** A copy of one row. */
export function rowOf({ data, rows, dim }: FlatRows, row: number): Float32Array {
  if (row >= rows) throw new Error(`no row ${row}; there are ${rows}`);
  return data.slice(row * dim, (row + 1) * dim);
}

export async function loadFloats(path: string, most?: number): Promise<Float32Array[]> {
  const flat = await loadFlat(path, most);
  return Array.from({ length: flat.rows }, (_, row) => rowOf(flat, row));
}
