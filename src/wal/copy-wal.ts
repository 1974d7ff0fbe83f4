// Logs made of the records of others: what a snapshot keeps of a log, and what a salvage leaves of it. Written anew
// record by record, so the copy is valid by itself and ends with a mark.
import type { WalRecord } from './wal-op.js';
import { readWal, type WalLocation } from './wal-reader.js';
import { WalWriter } from './wal-writer.js';

export interface RecordRange {
  /** The first record to be copied, and the last; none when `through` is below `from`. */
  from: number;
  through: number;
}

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
  const log = await NewLog.create(to, range.from);
  try {
    for await (const record of readWal(from, { from: range.from })) {
      onRecord?.(record.seq);
      await log.add(record);
      // Looks no further: behind the last record another may just be being written.
      if (record.seq >= range.through) break;
    }
  } finally {
    await log.close();
  }
}

const GROUP_RECORDS = 64;

/** A log that is being written, in a new or empty folder. */
export class NewLog {
  private group: WalRecord[] = [];

  private constructor(private readonly writer: WalWriter) {}

  /** `from`: the number of its first record. */
  static async create(location: WalLocation, from: number): Promise<NewLog> {
    return new NewLog(await WalWriter.open({ ...location, after: from - 1, sync: 'none' }));
  }

  /** The number of the next record. */
  get nextSeq(): number {
    return this.writer.nextSeq + this.group.length;
  }

  async add(record: WalRecord): Promise<void> {
    this.group.push(record);
    if (this.group.length >= GROUP_RECORDS) await this.flush();
  }

  /** Makes it durable, but for the folder's own name. */
  async close(): Promise<void> {
    try {
      await this.flush();
    } finally {
      await this.writer.close();
    }
  }

  private async flush(): Promise<void> {
    const group = this.group.splice(0);
    if (group.length > 0) await this.writer.appendGroup(group);
  }
}
