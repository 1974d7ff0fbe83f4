// The addon reads rows that lie evenly in a file. Vectors of a column format do not: for a build they are written once to
// a temporary .npy file in the folder that the index will stand in, which goes away when the build ends. So a build
// from .parquet takes the vectors' bytes twice on the disk, and no more memory. Called by build-index.ts and by the
// `build` verb, which plans and builds from one copy.
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { requireFinite } from '../source/finite.js';
import { openVectorSource, type VectorSource, vectorElement } from '../source/vector-source.js';
import { createVectorWriter } from '../source/vector-writer.js';
import { abortedError } from './cancellable.js';

export interface RowsFile {
  data: string;
  format?: string;
}

interface FlatRowsOptions extends RowsFile {
  /** The index to be built. */
  index: string;
  signal?: AbortSignal;
}

/** Calls `work` with a file of a flat format: the very one, or a copy. NOT_FINITE, BAD_VECTOR_FILE, DISK_FULL, ABORTED. */
export async function withFlatRows<T>(options: FlatRowsOptions, work: (rows: RowsFile) => Promise<T>): Promise<T> {
  const { data, format, index, signal } = options;
  const given: RowsFile = format === undefined ? { data } : { data, format };
  const source = await openVectorSource(data, given);
  let copy: string;
  try {
    vectorElement(source);
    if (source.shape !== undefined) return await work(given);
    copy = join(dirname(resolve(index)), `.${basename(index)}.${randomUUID()}.npy`);
    await copyRows(source, copy, signal);
  } finally {
    source.close();
  }
  try {
    return await work({ data: copy });
  } finally {
    await rm(copy, { force: true });
  }
}

async function copyRows(source: VectorSource, path: string, signal: AbortSignal | undefined): Promise<void> {
  const { dim, rows } = source;
  const writer = await createVectorWriter(path, { dim, rows, element: vectorElement(source) });
  try {
    for await (const window of source.windows()) {
      if (signal?.aborted === true) throw abortedError(signal);
      requireFinite(source, window);
      await writer.write(window.data);
    }
    await writer.finish();
  } catch (error) {
    await writer.abort();
    throw error;
  }
}
