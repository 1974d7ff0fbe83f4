// Which rows records put and which they kill, without looking at anything else: for what follows the published records.
// Called by Collection.
import type { WalRecord } from './wal-op.js';

/** A row that is put may die in the same group. */
export function changedRows(records: readonly WalRecord[]): { put: number[]; dead: Uint32Array } {
  const put: number[] = [];
  const dead: number[] = [];
  for (const { ops } of records) {
    for (const op of ops) {
      if (op.kind === 'delete') dead.push(op.row);
      if (op.kind !== 'put') continue;
      put.push(op.row);
      if (op.dead !== null) dead.push(op.dead);
    }
  }
  return { put, dead: Uint32Array.from(dead) };
}
