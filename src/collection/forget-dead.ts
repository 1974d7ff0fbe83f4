// Dead rows are remembered as long as something holds them: a segment, one that is kept for a rollback, a delta, the log.
// Afterwards they are forgotten, or a collection whose points come and go would remember ever more of them. That is done
// by whole chunks of 2^16 row numbers, when all rows of one are dead and nothing holds any: what is left of a chunk
// takes 8 KiB at most, and opening still knows what lives from the dead rows alone (read/live-rows.ts). Called by
// generations.ts, on the commit queue.
//
// 1. Nothing is kept for a rollback, by a manifest that is durable: no older segment comes back.
// 2. The log is durable up to what is applied, so that no roll-back of the metadata makes a row live again.
// 3. Rows that no segment and no delta has are in no record that recovery would put into a delta either: these are the
//    records above flushedSeq, and the deltas were made of them.
// 4. The chunks go in one transaction of the metadata. If that is not reached, or lost, the next call does it.
import { CHUNK_ROWS, countDeadRows } from '../meta/dead-rows.js';
import type { MetaStore } from '../meta/meta-store.js';
import type { RowPart } from '../segment/row-probe.js';

export interface ForgetTarget {
  meta: Pick<MetaStore, 'snapshot' | 'state' | 'forgetDead'>;
  wal: { stats(): { durableSeq: number }; sync(): Promise<unknown> };
  /** Of the collection as it is: to be closed by the caller. */
  parts(): RowPart[];
}

/** Returns how many rows were forgotten. REQUIRES what 1 says, and that nothing is written meanwhile. */
export async function forgetDead({ meta, wal, parts }: ForgetTarget): Promise<number> {
  const full = fullChunks(meta);
  if (full.length === 0) return 0;
  if (wal.stats().durableSeq < meta.state.appliedSeq) await wal.sync();
  const rows = unheld(full, parts());
  if (rows.length > 0) await meta.forgetDead(rows);
  return rows.length;
}

function fullChunks(meta: ForgetTarget['meta']): number[] {
  const snapshot = meta.snapshot();
  try {
    const chunks = snapshot.deadChunks();
    return chunks.filter(({ bytes }) => countDeadRows(bytes) === CHUNK_ROWS).map(({ chunk }) => chunk);
  } finally {
    snapshot.release();
  }
}

function unheld(chunks: readonly number[], parts: readonly RowPart[]): Uint32Array {
  try {
    const free: Uint32Array[] = [];
    for (const chunk of chunks) {
      const rows = Uint32Array.from({ length: CHUNK_ROWS }, (_, at) => chunk * CHUNK_ROWS + at);
      if (!parts.some((part) => part.has(rows).includes(1))) free.push(rows);
    }
    const all = new Uint32Array(free.length * CHUNK_ROWS);
    for (const [at, rows] of free.entries()) all.set(rows, at * CHUNK_ROWS);
    return all;
  } finally {
    for (const part of parts) part.close();
  }
}
