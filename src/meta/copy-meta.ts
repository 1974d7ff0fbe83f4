// The metadata of one moment as a store of its own, in another folder: what a snapshot keeps of it. Entry by entry
// from a read transaction, so writes go on and the copy is of exactly that record; LMDB's own copy of its file is not
// used, since made while a transaction commits it can name pages that it does not have. Keys come sorted and are
// appended, which leaves the pages of the copy full.
//
// Other work gets its turn between pages; the snapshot must live as long as the copy takes.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { VamanaError } from '../errors.js';
import type { MetaEntry, MetaEntryTable, MetaSnapshot } from './meta-snapshot.js';
import { encodeState, MAP_BYTES_DEFAULT, metaError, openTables, STATE_KEY } from './meta-tables.js';

export interface CopyMetaOptions {
  signal?: AbortSignal;
  /** Hears of points as they are copied. */
  onPoints?: (points: number) => void;
}

/** One transaction each: large enough to spread a sync over many entries, small enough to hold this thread for milliseconds. */
const PAGE = 2000;

// The types of lmdb leave these options out.
interface AppendTable {
  put(key: MetaEntry['key'], value: Uint8Array, options: { append: boolean }): unknown;
}

/** Into a new or empty folder. Durable when it resolves, but for the folder's own name. ABORTED, CORRUPT, DISK_FULL. */
export async function copyMeta(snapshot: MetaSnapshot, dir: string, options: CopyMetaOptions = {}): Promise<void> {
  const tables = openTables(dir, MAP_BYTES_DEFAULT);
  const { environment } = tables;
  try {
    // Field indexes without what is stored of them: they are built again from the payloads.
    const copied = { points: 0, rows: 0, dead: 0, fields: 0 };
    for (const name of ['points', 'rows', 'dead', 'fields'] as const) {
      for await (const page of pages(snapshot, name, options.signal)) {
        const table = tables[name] as unknown as AppendTable;
        await environment.batch(() => {
          for (const { key, value } of page) table.put(key, value, { append: true });
        });
        copied[name] += page.length;
        if (name === 'rows') options.onPoints?.(copied.rows);
      }
    }
    const { seq: appliedSeq, nextRow, count: points, hasFields } = snapshot;
    if (copied.points !== points || copied.rows !== points) {
      const found = `${copied.points} ids and ${copied.rows} rows hold points, the count says ${points}`;
      throw new VamanaError('CORRUPT', `the metadata to be copied: ${found}; run vamana verify on the collection`);
    }
    const state = Buffer.from(encodeState({ appliedSeq, nextRow, points, hasFields }));
    await environment.batch(() => tables.state.put(STATE_KEY, state));
    await environment.flushed;
  } catch (error) {
    throw metaError(error, `write ${dir}`);
  } finally {
    await environment.close();
  }
  // It means something only to who has the environment open.
  await rm(join(dir, 'lock.mdb'), { force: true });
}

async function* pages(
  snapshot: MetaSnapshot,
  name: MetaEntryTable,
  signal: AbortSignal | undefined,
): AsyncGenerator<MetaEntry[], void> {
  let page = snapshot.entries(name, undefined, PAGE);
  while (page.length > 0) {
    yield page;
    if (signal?.aborted === true) throw new VamanaError('ABORTED', 'the copy of the metadata was cancelled');
    page = page.length < PAGE ? [] : snapshot.entries(name, page.at(-1)?.key, PAGE);
  }
}
