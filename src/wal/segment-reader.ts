// The frames of one WAL segment, one after the other, as long as they are valid; and, where they end, whether the
// rest is a torn tail or damage. What a whole log means is said in wal-reader.ts.
//
// Where the valid frames end, at offset X with the last record L:
// 1. X is the end of the file: the segment is whole.
// 2. Among the bytes from X on there is a whole frame whose `synced` is above L: record L + 1 was durable when that
//    was written, so it stood here and was lost. That is damage.
// 3. Otherwise no evidence says that anything after X was ever durable, let alone acknowledged: zeros, half a frame,
//    a frame with a bad body, whole frames behind a bad one that were written in the same unsynced stretch. That is
//    a torn tail if the segment is the log's last. In any other it is damage, since a segment is synced before the
//    next is created.
import type { Storage, StorageFile } from '../disk/storage.js';
import { VamanaError } from '../errors.js';
import { FileWindow } from './file-window.js';
import {
  bodyHolds,
  decodeFrame,
  encodeHeader,
  FRAME_BYTES,
  FRAME_MAGIC,
  type Frame,
  frameEnd,
  frameSeed,
  HEADER_BYTES,
  type HeaderProblem,
  headerProblem,
  type SegmentIdentity,
} from './wal-format.js';

export interface LocatedFrame {
  frame: Frame;
  body: Buffer;
}

/** What the valid frames read so far come to. */
export interface SegmentEnd {
  /** Of the last record; the one before the segment's first when there is none. */
  lastSeq: number;
  /** The offset behind the last valid frame. */
  offset: number;
  fileBytes: number;
  /** CRC of the last valid frame, or of the header. */
  chain: number;
  /** The last frame is a mark. */
  marked: boolean;
  /** No frame proves that the bytes from here to `offset` are durable. Those before are: the header always is. */
  unprovenFrom: number;
}

/** Something is wrong at one place of one file of the log. */
export function damaged(path: string, offset: number, problem: string): VamanaError {
  const advice = 'restore a copy, or salvage the log and lose what cannot be read';
  return new VamanaError('CORRUPT', `${path}: at byte ${offset}: ${problem}; ${advice}`);
}

export class SegmentReader {
  private readonly seed: number;
  private offset = HEADER_BYTES;
  private chain: number;
  private lastSeq: number;
  private marked = false;
  /** Frames that nothing has proven durable yet, each with the number whose durability would. */
  private unproven: { provenBy: number; offset: number }[] = [];

  private constructor(
    readonly path: string,
    private readonly file: StorageFile,
    private readonly window: FileWindow,
    /** Null when the header is as it must be. */
    readonly header: HeaderProblem | null,
    identity: SegmentIdentity,
  ) {
    this.seed = frameSeed(identity);
    this.chain = encodeHeader(identity).crc;
    this.lastSeq = identity.firstSeq - 1;
  }

  /** Reads the header; frames can be read whatever it says. `wrap` may stand between the reader and the file. */
  static async open(
    storage: Storage,
    path: string,
    identity: SegmentIdentity,
    wrap: (file: StorageFile) => StorageFile = (file) => file,
  ): Promise<SegmentReader> {
    const file = wrap(await storage.open(path, 'read'));
    try {
      const window = new FileWindow(file, await file.size());
      const header = headerProblem(await window.bytes(0, HEADER_BYTES), identity);
      return new SegmentReader(path, file, window, header, identity);
    } catch (error) {
      await file.close().catch(() => undefined);
      throw error;
    }
  }

  /** The next frame, record or mark; null where the valid ones end. */
  async next(): Promise<LocatedFrame | null> {
    const found = await this.wholeFrameAt(this.offset);
    if (found === null || !this.follows(found.frame)) return null;
    this.accept(found.frame);
    return found;
  }

  /** Goes on at the next whole frame, whatever it follows; null when there is none. */
  async resume(): Promise<LocatedFrame | null> {
    const found = await this.findWhole(this.offset);
    if (found !== null) this.accept(found.frame);
    return found;
  }

  /** Rule 2: an offset that tells why the rest is damage; null when it can be a torn tail. */
  async findDamage(): Promise<number | null> {
    let from = this.offset;
    for (let found = await this.findWhole(from); found !== null; found = await this.findWhole(from)) {
      const { frame } = found;
      // One that names the frame before it was written behind it, so its number must not be another.
      if (frame.synced > this.lastSeq || frame.chain === this.chain) return frame.offset;
      from = frame.offset + 1;
    }
    return null;
  }

  /** A segment whose creation was cut short: its header is synced before the first frame is written. */
  get isUnborn(): boolean {
    return this.window.fileBytes <= HEADER_BYTES && this.header?.whole !== true;
  }

  get end(): SegmentEnd {
    const { lastSeq, offset, chain, marked } = this;
    const unprovenFrom = this.unproven[0]?.offset ?? offset;
    return { lastSeq, offset, fileBytes: this.window.fileBytes, chain, marked, unprovenFrom };
  }

  close(): Promise<void> {
    return this.file.close();
  }

  private follows(frame: Frame): boolean {
    return frame.chain === this.chain && frame.seq === this.lastSeq + (frame.kind === 'record' ? 1 : 0);
  }

  private accept(frame: Frame): void {
    this.offset = frameEnd(frame);
    this.chain = frame.crc;
    this.lastSeq = frame.seq;
    this.marked = frame.kind === 'mark';
    // A mark is durable when the record behind it is.
    this.unproven.push({ provenBy: frame.seq + (this.marked ? 1 : 0), offset: frame.offset });
    const first = this.unproven.findIndex(({ provenBy }) => provenBy > frame.synced);
    this.unproven.splice(0, first === -1 ? this.unproven.length : first);
  }

  private async findWhole(from: number): Promise<LocatedFrame | null> {
    for (let offset = await this.window.find(FRAME_MAGIC, from); offset !== null; ) {
      const found = await this.wholeFrameAt(offset);
      if (found !== null) return found;
      offset = await this.window.find(FRAME_MAGIC, offset + 1);
    }
    return null;
  }

  private async wholeFrameAt(offset: number): Promise<LocatedFrame | null> {
    const frame = decodeFrame(await this.window.bytes(offset, FRAME_BYTES), this.seed, offset);
    if (frame === null || frameEnd(frame) > this.window.fileBytes) return null;
    const body = await this.window.bytes(offset + FRAME_BYTES, frame.bodyBytes);
    return bodyHolds(frame, body) ? { frame, body } : null;
  }
}
