// Records that are applied to the metadata, but are neither in segments nor in the log: their vectors are lost. With
// `sync: always` that cannot come about, since a record is durable before it is applied, so it is damage. With another
// policy a power cut does it, because LMDB syncs each commit and the log does not. Then, and only for who opens the
// collection with such a policy again:
//
// 1. Records without effects take the numbers of the lost ones, so that the log has no gap.
// 2. One more deletes the points whose vectors are lost. What they replaced is lost with them: it is dead already.
import type { SyncChoice } from '../config/runtime-options.js';
import { VamanaError } from '../errors.js';
import type { MetaStore } from '../meta/meta-store.js';
import type { WalOp, WalRecord } from '../wal/wal-op.js';
import type { WalWriter } from '../wal/wal-writer.js';

export interface LostRecordsInput {
  /** After replay. */
  meta: MetaStore;
  /** Opened without regard to what the metadata has. */
  wal: WalWriter;
  /** The last whose vector is in a segment or was replayed. */
  lastRow: number;
  walDir: string;
  sync: SyncChoice;
}

const PAGE_ROWS = 1000;
const GROUP_RECORDS = 1000;

/** Points that had to be deleted. CORRUPT where none may be lost. */
export async function settleLostRecords({ meta, wal, lastRow, walDir, sync }: LostRecordsInput): Promise<number> {
  const { appliedSeq } = meta.state;
  const first = wal.nextSeq;
  if (first > appliedSeq) return 0;
  if (sync === 'always') {
    throw new VamanaError(
      'CORRUPT',
      `${walDir}: the log ends at record ${first - 1}, and the metadata is applied to record ${appliedSeq}: the files ` +
        'between were removed, or the machine lost power under a sync policy other than always; opening with that ' +
        'policy goes on without the points that are lost',
    );
  }
  const ops: WalOp[] = [...lostPoints(meta, lastRow + 1)];
  const fillers = Array.from({ length: appliedSeq + 1 - first }, (_, at): WalRecord => ({ seq: first + at, ops: [] }));
  const last: WalRecord = { seq: appliedSeq + 1, ops };
  const records = [...fillers, last];
  for (let at = 0; at < records.length; at += GROUP_RECORDS) {
    await wal.appendGroup(records.slice(at, at + GROUP_RECORDS));
  }
  await wal.sync();
  await meta.apply([last]);
  return ops.length;
}

function* lostPoints(meta: MetaStore, firstRow: number): Generator<WalOp> {
  const snapshot = meta.snapshot();
  try {
    for (let from = firstRow; ; ) {
      const page = snapshot.scanRows(from, PAGE_ROWS);
      for (const { id, row } of page) yield { kind: 'delete', id, row };
      if (page.length < PAGE_ROWS) return;
      from = (page.at(-1)?.row ?? from) + 1;
    }
  } finally {
    snapshot.release();
  }
}
