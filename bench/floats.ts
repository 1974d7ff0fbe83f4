// Rows of a vector file as f32, one array each: what callers of collections and of the service have.
import { createCast } from '../src/source/cast.js';
import { openVectorSource } from '../src/source/vector-source.js';

/** The first rows, at most `most` of them. */
export async function loadFloats(path: string, most = Number.POSITIVE_INFINITY): Promise<Float32Array[]> {
  const source = await openVectorSource(path);
  try {
    const { dim, rows, element } = source;
    const cast = createCast(path, dim, element, 'f32');
    const found: Float32Array[] = [];
    for await (const window of source.windows({ rows: Math.min(rows, most) })) {
      const data = cast.apply(window) as Float32Array;
      for (let row = 0; row < window.rows; row += 1) found.push(data.slice(row * dim, (row + 1) * dim));
    }
    return found;
  } finally {
    source.close();
  }
}
