// Files of row ids (.ivecs, .ibin): exact neighbours as `vamana truth` writes them, and results of a search. Read
// whole, because recall needs all of them; a row of the file is one query's ids, nearest first.
// Ids are u32 as everywhere else: the -1 that some files pad with reads as 4294967295, the addon's `noRow`.
import { MAX_TRUTH_IDS } from '../limits.js';
import { invalidArgument } from './faults.js';
import { openVectorSource, readRows } from './vector-source.js';
import { createVectorWriter } from './vector-writer.js';

/** Query q's ids are [q * k, (q + 1) * k). */
export interface IdTable {
  /** Queries. */
  rows: number;
  k: number;
  ids: Uint32Array;
}

export async function readIds(path: string, options: { format?: string } = {}): Promise<IdTable> {
  const source = await openVectorSource(path, options);
  try {
    const { rows, dim, element } = source;
    if (element !== 'i32') throw invalidArgument(`${path} holds ${element} and not ids; expected .ivecs or .ibin`);
    if (rows * dim > MAX_TRUTH_IDS) {
      throw invalidArgument(`${path} holds ${rows} x ${dim} ids; at most ${MAX_TRUTH_IDS} are read at once`);
    }
    const data = await readRows(source);
    return { rows, k: dim, ids: new Uint32Array(data.buffer as ArrayBuffer) };
  } finally {
    source.close();
  }
}

export async function writeIds(
  path: string,
  table: { k: number; ids: Uint32Array | Int32Array },
  options: { format?: string; force?: boolean } = {},
): Promise<{ rows: number; bytes: number }> {
  const { k, ids } = table;
  const writer = await createVectorWriter(path, { ...options, dim: k, element: 'i32' });
  await writer.write(new Int32Array(ids.buffer, ids.byteOffset, ids.length));
  return writer.finish();
}
