// Loads what a search verb needs beside the index: queries in the index's element type, and the truth.
// Both are held whole; a file that does not fit the index or the queries is refused with the reason.
import { VamanaError } from '../src/errors.js';
import type { IndexInfo, QueryVectors } from '../src/index.js';
import { createCast, type ElementCast } from '../src/source/cast.js';
import { requireFinite } from '../src/source/finite.js';
import { type IdTable, readIds } from '../src/source/ids.js';
import { openVectorSource, readRows, type VectorSource } from '../src/source/vector-source.js';

export interface QuerySet {
  /** count x dim elements of the index's element type, tightly packed. */
  data: QueryVectors;
  count: number;
  dim: number;
}

/** INVALID_ARGUMENT when the dimension differs or a value would change, NOT_FINITE, BAD_VECTOR_FILE. */
export async function loadQueries(
  path: string,
  index: Pick<IndexInfo, 'dim' | 'element'>,
  format?: string,
): Promise<QuerySet> {
  const source = await openVectorSource(path, format === undefined ? {} : { format });
  try {
    if (source.dim !== index.dim) {
      throw new VamanaError(
        'INVALID_ARGUMENT',
        `${path} holds vectors of dimension ${source.dim}; the index has dimension ${index.dim}: give queries of the same data`,
      );
    }
    const data = await readRows(source);
    requireFinite(source, { firstRow: 0, data });
    const cast = createCast(path, source.dim, source.element, index.element);
    const converted = cast.apply({ firstRow: 0, data });
    requireLossless(source, cast);
    // Vectors of i32 never get here: no index holds them, and the cast was to the index's element.
    return { data: converted as QueryVectors, count: source.rows, dim: source.dim };
  } finally {
    source.close();
  }
}

function requireLossless(source: VectorSource, cast: ElementCast): void {
  const { largestError = 0 } = cast;
  if (largestError === 0) return;
  throw new VamanaError(
    'INVALID_ARGUMENT',
    `${source.path} holds ${source.element} values that the index's ${cast.to} rounds (by up to ${largestError}): ` +
      `convert the queries first: vamana convert ${source.path} OUT --element ${cast.to}`,
  );
}

/** INVALID_ARGUMENT unless the file has a row of at least k ids for each of the queries. */
export async function loadTruth(path: string, queries: number, k: number): Promise<IdTable> {
  const truth = await readIds(path);
  if (truth.rows !== queries) {
    throw new VamanaError(
      'INVALID_ARGUMENT',
      `${path} holds the truth of ${truth.rows} queries; expected ${queries}, as many as the query file has`,
    );
  }
  if (truth.k < k) {
    throw new VamanaError(
      'INVALID_ARGUMENT',
      `${path} holds ${truth.k} ids a query; recall@${k} needs ${k}: take a smaller --k, or vamana truth --k ${k}`,
    );
  }
  return truth;
}
