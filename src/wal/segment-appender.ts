// The segment that is being written: puts frames behind one another and knows what its file has been told to make
// durable. One call at a time; after a failure it must not be used again, only closed. Called by wal-writer.ts,
// which decides when to sync, when to go on in a new segment, and what a failure means.
import { dirname } from 'node:path';
import { walSegmentPath } from '../disk/file-names.js';
import type { StorageFile } from '../disk/storage.js';
import type { SegmentEnd } from './segment-reader.js';
import { encodeFrame, encodeHeader, FRAME_BYTES, type Frame, frameSeed, HEADER_BYTES } from './wal-format.js';
import type { WalLocation } from './wal-reader.js';

/** A record's number, and its body behind room for the frame. */
export interface EncodedRecord {
  seq: number;
  bytes: Buffer;
}

export class SegmentAppender {
  private readonly seed: number;

  private constructor(
    private readonly file: StorageFile,
    readonly firstSeq: number,
    collection: string,
    private offset: number,
    private chain: number,
    private last: number,
    /** Every record up to this one is durable. */
    private synced: number,
    private marked: boolean,
  ) {
    this.seed = frameSeed({ collection, firstSeq });
  }

  /** A new file. Header and name are durable before any frame is written, so a bad header alone loses nothing. */
  static async create({ storage, walDir, collection }: WalLocation, firstSeq: number): Promise<SegmentAppender> {
    const path = walSegmentPath(walDir, firstSeq);
    const header = encodeHeader({ collection, firstSeq });
    const file = await storage.open(path, 'create');
    try {
      await file.write([header.bytes], 0);
      await file.datasync();
      await storage.syncDir(dirname(path));
    } catch (error) {
      await file.close().catch(() => undefined);
      throw error;
    }
    const last = firstSeq - 1;
    return new SegmentAppender(file, firstSeq, collection, HEADER_BYTES, header.crc, last, last, false);
  }

  /** Goes on behind `end`, all of which is durable. */
  static resume(file: StorageFile, collection: string, firstSeq: number, end: SegmentEnd): SegmentAppender {
    const { offset, chain, lastSeq, marked } = end;
    return new SegmentAppender(file, firstSeq, collection, offset, chain, lastSeq, lastSeq, marked);
  }

  get bytes(): number {
    return this.offset;
  }

  get lastSeq(): number {
    return this.last;
  }

  get syncedSeq(): number {
    return this.synced;
  }

  /** In one write. The records follow the last one. */
  async write(records: readonly EncodedRecord[]): Promise<void> {
    const start = this.offset;
    for (const { seq, bytes } of records) this.place('record', seq, bytes);
    await this.file.write(
      records.map(({ bytes }) => bytes),
      start,
    );
  }

  async sync(): Promise<void> {
    await this.file.datasync();
    this.synced = this.last;
  }

  /** Makes all durable, and leaves a durable mark that says so. */
  async finish(): Promise<void> {
    if (this.synced < this.last) await this.sync();
    if (this.marked) return;
    const mark = Buffer.alloc(FRAME_BYTES);
    const start = this.offset;
    this.place('mark', this.last, mark);
    await this.file.write([mark], start);
    await this.sync();
  }

  close(): Promise<void> {
    return this.file.close();
  }

  private place(kind: Frame['kind'], seq: number, bytes: Buffer): void {
    const { offset, synced, chain } = this;
    this.chain = encodeFrame(bytes, this.seed, { kind, offset, seq, synced, chain });
    this.offset += bytes.length;
    this.last = seq;
    this.marked = kind === 'mark';
  }
}
