// The writing end of the log. Concurrent appends are grouped: those that wait while a group is written and synced
// go together into the next one, with one write and one sync. Records are encoded when append is called, so the
// caller may reuse what it passed. Not here: where rows and sequence numbers come from (the commit queue).
//
// After a failed write or sync nobody knows what stands in the file, and a sync that is repeated may succeed without
// having written anything. So the writer takes nothing more: every later call rejects with the same code and cause,
// until the log is opened again, which settles its end (wal-tail.ts).
import { walSegmentPath } from '../disk/file-names.js';
import { asVamanaError, VamanaError } from '../errors.js';
import { encodeOps } from './op-codec.js';
import { type EncodedRecord, SegmentAppender } from './segment-appender.js';
import type { WalRecord } from './wal-op.js';
import type { TornTail, WalLocation } from './wal-reader.js';
import { settleTail } from './wal-tail.js';

/**
 * When an append resolves: once it is durable (`always`), or once it is written, which survives the process but not
 * the machine; then it is durable about `intervalMs` later, or (`none`) when the segment is full or at sync().
 */
export type SyncPolicy = 'always' | 'none' | { readonly intervalMs: number };

export interface WalWriterOptions extends WalLocation {
  /** The highest sequence number known elsewhere to be applied; numbering goes on above it and above the log. */
  after: number;
  /** A new segment is begun when one is this long; 64 MiB by default. */
  segmentBytes?: number;
  sync?: SyncPolicy;
}

export interface WalStats {
  /** Of the files there are. */
  bytes: number;
  segments: number;
  /** Since opening. */
  records: number;
  bytesWritten: number;
  syncs: number;
  /** That they took, all together. */
  syncMs: number;
  /** Mean over the syncs since opening; 0 before the first. */
  recordsPerSync: number;
  lastSeq: number;
  durableSeq: number;
}

export const SEGMENT_BYTES_DEFAULT = 64 * 1024 * 1024;

// What waits beyond this goes into the next write, so that the first to wait is not kept for the last.
const GROUP_BYTES_MAX = 8 * 1024 * 1024;

interface Waiting {
  records: EncodedRecord[];
  sync: boolean;
  /** The active segment is to end, where it holds no record above this one. */
  endThrough?: number;
  resolve: () => void;
  reject: (error: VamanaError) => void;
}

export class WalWriter {
  private readonly segmentBytes: number;
  private readonly policy: SyncPolicy;
  private queue: Waiting[] = [];
  private running: Promise<void> | null = null;
  private dropping: Promise<void> = Promise.resolve();
  /** The first record that each holder still reads. */
  private readonly held = new Set<{ from: number }>();
  private droppable = 0;
  private closing: Promise<void> | null = null;
  private timer: NodeJS.Timeout | null = null;
  private failure: VamanaError | null = null;
  private counts = { records: 0, bytesWritten: 0, syncs: 0, syncMs: 0 };
  private durableSeq: number;
  /** Of the last record that is not in the active segment. */
  private endedSeq: number;

  private constructor(
    private readonly options: WalWriterOptions,
    /** Before the active one, ascending. */
    private full: { firstSeq: number; bytes: number }[],
    private active: SegmentAppender | null,
    /** Of the last record that was taken. */
    private lastSeq: number,
    /** The torn tail that opening cut off; null when there was none. */
    readonly cut: TornTail | null,
  ) {
    this.segmentBytes = options.segmentBytes ?? SEGMENT_BYTES_DEFAULT;
    this.policy = options.sync ?? 'always';
    this.durableSeq = lastSeq;
    this.endedSeq = lastSeq;
  }

  /**
   * Makes the log's end fit to go on from. All that readWal() yields afterwards is durable; it may be more than was
   * acknowledged, so the caller replays what lies above its own state before it appends.
   */
  static async open(options: WalWriterOptions): Promise<WalWriter> {
    const { segments, active, lastSeq, cut } = await settleTail(options);
    const full = active === null ? segments : segments.slice(0, -1);
    return new WalWriter(options, full, active, Math.max(lastSeq, options.after), cut);
  }

  /** What the next record must bear. */
  get nextSeq(): number {
    return this.lastSeq + 1;
  }

  /** Resolves as the sync policy says. INVALID_ARGUMENT, and nothing happened, for a record that cannot be logged. */
  append(record: WalRecord): Promise<void> {
    return this.appendGroup([record]);
  }

  /** The same for several, in one write and one sync; one behind the other without gaps. */
  async appendGroup(records: readonly WalRecord[]): Promise<void> {
    this.requireUsable();
    let seq = this.lastSeq;
    const encoded = records.map((record) => {
      seq += 1;
      if (record.seq !== seq) throw new VamanaError('INTERNAL', `record ${record.seq} to be logged, expected ${seq}`);
      return { seq, bytes: encodeOps(record.ops) };
    });
    this.lastSeq = seq;
    return this.enqueue(encoded, this.policy === 'always');
  }

  /** Resolves when everything appended before is durable. */
  async sync(): Promise<void> {
    this.requireUsable();
    return this.enqueue([], true);
  }

  /**
   * Removes the segments that hold no record above `seq`, oldest first; the one being written too, as the next record
   * begins another. The caller has made durable elsewhere all that they hold. What somebody retains goes when that is
   * let go of.
   */
  async dropThrough(seq: number): Promise<void> {
    if (this.closing !== null) throw closed();
    this.droppable = Math.max(this.droppable, seq);
    const done = this.dropping.then(() => this.drop(seq));
    this.dropping = done.catch(() => undefined);
    return done;
  }

  /** Keeps every record from this one on readable until the function returned is called. */
  retain(from: number): () => void {
    const holder = { from };
    this.held.add(holder);
    return () => {
      // What cannot be removed now is removed with the next drop.
      if (this.held.delete(holder) && this.closing === null) this.dropThrough(this.droppable).catch(() => undefined);
    };
  }

  stats(): WalStats {
    const { records, syncs, syncMs, bytesWritten } = this.counts;
    const bytes = this.full.reduce((sum, segment) => sum + segment.bytes, this.active?.bytes ?? 0);
    const segments = this.full.length + (this.active === null ? 0 : 1);
    const recordsPerSync = syncs === 0 ? 0 : records / syncs;
    const { lastSeq, durableSeq } = this;
    return { bytes, segments, records, bytesWritten, syncs, syncMs, recordsPerSync, lastSeq, durableSeq };
  }

  /** Waits for what was appended, makes it durable and marks the log as closed properly. Idempotent. */
  close(): Promise<void> {
    this.closing ??= this.finish();
    return this.closing;
  }

  private enqueue(records: EncodedRecord[], sync: boolean, endThrough?: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.queue.push({ records, sync, ...(endThrough === undefined ? {} : { endThrough }), resolve, reject });
      this.running ??= this.run();
    });
  }

  private async run(): Promise<void> {
    await null; // so that whatever is appended in the same turn is one group
    while (this.queue.length > 0) {
      const group = this.takeGroup();
      try {
        await this.commit(group);
        for (const { resolve } of group) resolve();
      } catch (error) {
        this.poison(asVamanaError(error), group);
      }
    }
    this.running = null;
  }

  private takeGroup(): Waiting[] {
    let bytes = 0;
    let end = 0;
    while (end < this.queue.length && bytes < GROUP_BYTES_MAX) {
      for (const record of this.queue[end]?.records ?? []) bytes += record.bytes.length;
      end += 1;
    }
    return this.queue.splice(0, end);
  }

  private async commit(group: readonly Waiting[]): Promise<void> {
    if (this.failure !== null) throw this.failure; // the timer's sync may come after a failure
    const records = group.flatMap((waiting) => waiting.records);
    const first = records[0];
    if (first !== undefined) {
      const active = await this.segmentFor(first.seq);
      await active.write(records);
      this.counts.records += records.length;
      for (const { bytes } of records) this.counts.bytesWritten += bytes.length;
    }
    if (group.some(({ sync }) => sync)) await this.syncActive();
    else this.startTimer();
    const end = Math.max(...group.map(({ endThrough = 0 }) => endThrough));
    if (this.active !== null && this.active.lastSeq <= end) await this.endActive(this.active);
  }

  /** The active segment, or a new one when that is full or ends before another record than the one before `seq`. */
  private async segmentFor(seq: number): Promise<SegmentAppender> {
    const before = this.active;
    if (before !== null) {
      if (before.bytes < this.segmentBytes && before.lastSeq === seq - 1) return before;
      await this.endActive(before);
    }
    this.active = await SegmentAppender.create(this.options, seq);
    return this.active;
  }

  // A segment is durable before the next exists: that is how a torn tail is told from damage.
  private async endActive(active: SegmentAppender): Promise<void> {
    await this.syncActive();
    this.full.push({ firstSeq: active.firstSeq, bytes: active.bytes });
    this.endedSeq = active.lastSeq;
    this.active = null;
    await active.close();
  }

  private async syncActive(): Promise<void> {
    if (this.active === null || this.active.syncedSeq === this.active.lastSeq) return;
    const startMs = performance.now();
    await this.active.sync();
    this.durableSeq = this.active.syncedSeq;
    this.counts.syncs += 1;
    this.counts.syncMs += performance.now() - startMs;
  }

  private startTimer(): void {
    if (typeof this.policy !== 'object' || this.timer !== null) return;
    this.timer = setTimeout(() => {
      this.timer = null;
      // A failure poisons the writer, and so reaches the next caller.
      this.enqueue([], true).catch(() => undefined);
    }, this.policy.intervalMs);
  }

  private poison(error: VamanaError, group: readonly Waiting[]): void {
    const { code, cause } = error;
    const message = `the log takes nothing more until it is opened again, since ${error.message}`;
    this.failure ??= new VamanaError(code, message, { cause });
    for (const { reject } of group) reject(error);
    for (const { reject } of this.queue.splice(0)) reject(this.failure);
  }

  private async drop(through: number): Promise<void> {
    const { storage, walDir } = this.options;
    const seq = Math.min(through, ...Array.from(this.held, ({ from }) => from - 1));
    if (this.failure === null && this.active !== null && this.active.lastSeq <= seq) {
      await this.enqueue([], false, seq);
    }
    let dropped = false;
    for (let first = this.full[0]; first !== undefined; first = this.full[0]) {
      const next = this.full[1]?.firstSeq ?? this.active?.firstSeq ?? this.endedSeq + 1;
      if (next - 1 > seq) break;
      await storage.unlink(walSegmentPath(walDir, first.firstSeq));
      this.full.shift();
      dropped = true;
    }
    if (dropped) await storage.syncDir(walDir);
  }

  private requireUsable(): void {
    if (this.closing !== null) throw closed();
    if (this.failure !== null) throw this.failure;
  }

  private async finish(): Promise<void> {
    await this.dropping;
    while (this.running !== null) await this.running;
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    try {
      if (this.failure === null && this.active !== null) {
        await this.active.finish();
        this.durableSeq = this.active.syncedSeq;
      }
    } finally {
      await this.active?.close();
    }
  }
}

function closed(): VamanaError {
  return new VamanaError('CLOSED', 'the log is closed');
}
