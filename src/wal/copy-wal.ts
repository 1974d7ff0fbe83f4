// A part of a log as a log of its own, in another folder: what a snapshot keeps of it. Read in the ordinary way and
// written anew, so the copy is valid by itself and ends with a mark, whatever is appended to the original meanwhile.

import type { WalRecord } from './wal-op.js';
import { readWal, type WalLocation } from './wal-reader.js';
import { WalWriter } from './wal-writer.js';

export interface RecordRange {
  /** The first record to be copied, and the last; none when `through` is below `from`. */
  from: number;
  through: number;
}

const GROUP_RECORDS = 64;

/**
 * Copies the records, all of which are in the original; durable when it resolves, but for the folder's own name.
 * Whoever appends to the original retains `from` until then.
 */
export async function copyWal(
  from: WalLocation,
  range: RecordRange,
  to: WalLocation,
  onRecord?: (seq: number) => void,
): Promise<void> {
  if (range.through < range.from) return;
  await writeWal(limited(readWal(from, { from: range.from }), range.through, onRecord), to, range.from);
}

/** A new log of these records, which follow one another from `from` on. */
export async function writeWal(
  records: AsyncIterable<WalRecord> | Iterable<WalRecord>,
  to: WalLocation,
  from: number,
): Promise<void> {
  const writer = await WalWriter.open({ ...to, after: from - 1, sync: 'none' });
  try {
    let group: WalRecord[] = [];
    for await (const record of records) {
      group.push(record);
      if (group.length < GROUP_RECORDS) continue;
      await writer.appendGroup(group);
      group = [];
    }
    if (group.length > 0) await writer.appendGroup(group);
  } finally {
    await writer.close();
  }
}

// Ends with the last record wanted and looks no further: behind it another may just be being written.
async function* limited(
  records: AsyncIterable<WalRecord>,
  through: number,
  onRecord?: (seq: number) => void,
): AsyncGenerator<WalRecord, void> {
  for await (const record of records) {
    onRecord?.(record.seq);
    yield record;
    if (record.seq >= through) return;
  }
}
