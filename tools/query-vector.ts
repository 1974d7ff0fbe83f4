// The query of `vamana query`: one row of a vector file.
import { VamanaError } from '../src/errors.js';
import { requireFinite } from '../src/source/finite.js';
import { halvesToFloats } from '../src/source/half.js';
import { openVectorSource, readRows, vectorElement } from '../src/source/vector-source.js';

export interface QueryVectorOptions {
  vectorFile: string;
  row: number;
  format?: string;
}

/** INVALID_ARGUMENT for another dimension than the collection's, and for a row that there is not. */
export async function readQueryVector(
  { vectorFile: path, row, format }: QueryVectorOptions,
  { name, dim }: { name: string; dim: number },
): Promise<Float32Array> {
  const source = await openVectorSource(path, format === undefined ? {} : { format });
  try {
    vectorElement(source);
    if (source.dim !== dim) {
      const found = `${path} holds vectors of dimension ${source.dim}`;
      throw new VamanaError('INVALID_ARGUMENT', `${found}; collection ${name} has dimension ${dim}`);
    }
    if (row >= source.rows) {
      throw new VamanaError('INVALID_ARGUMENT', `--row ${row}: ${path} has rows 0 to ${source.rows - 1}`);
    }
    const data = await readRows(source, row, 1);
    requireFinite(source, { firstRow: row, data });
    return source.element === 'f16' ? halvesToFloats(data as Uint16Array) : Float32Array.from(data);
  } finally {
    source.close();
  }
}
