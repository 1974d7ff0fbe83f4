// What can still be read of a damaged log, and what was lost. Called on a user's express command only: reading a log
// in the ordinary way (wal-reader.ts) refuses damage. Nothing is changed on the disk; what the caller does with the
// records, and with the files, is its business.
//
// 1. Segments are read in order. A damaged header takes nothing with it, since frames prove themselves by the
//    collection and the file's name; a header of a later version stops the salvage with TOO_NEW.
// 2. Where no valid frame follows, the next whole frame is searched for, and the bytes between are lost.
// 3. Bytes that the system refuses to read count as zeros, block by block.
// 4. A record is taken if its number is above the last one's. Numbers passed over are gaps.
import { walSegmentPath } from '../disk/file-names.js';
import type { StorageFile } from '../disk/storage.js';
import { VamanaError } from '../errors.js';
import { decodeOps } from './op-codec.js';
import { type LocatedFrame, SegmentReader } from './segment-reader.js';
import { frameEnd, HEADER_BYTES } from './wal-format.js';
import type { WalRecord } from './wal-op.js';
import { listSegments, type WalLocation } from './wal-reader.js';

/** Bytes `from` to `to`, exclusive, of one file that could not be used. */
export interface LostBytes {
  path: string;
  from: number;
  to: number;
  problem: string;
}

export interface SalvageReport {
  files: number;
  records: number;
  /** Of the records taken; null when there were none. */
  firstSeq: number | null;
  lastSeq: number | null;
  lost: LostBytes[];
  /** Sequence numbers, inclusive, that should have come before a record that was found. */
  gaps: { firstSeq: number; lastSeq: number }[];
}

/** Hands over, in order, each record from `from` on. What lies behind the last one found is not known to be lost. */
export async function salvageWal(
  location: WalLocation,
  from: number,
  take: (record: WalRecord) => Promise<void> | void,
): Promise<SalvageReport> {
  const firsts = await listSegments(location);
  const report: SalvageReport = { files: firsts.length, records: 0, firstSeq: null, lastSeq: null, lost: [], gaps: [] };
  const salvage = new Salvage(report, from, take);
  for (const firstSeq of firsts) await salvage.segment(location, firstSeq);
  return report;
}

class Salvage {
  private expected: number;

  constructor(
    private readonly report: SalvageReport,
    from: number,
    private readonly take: (record: WalRecord) => Promise<void> | void,
  ) {
    this.expected = from;
  }

  async segment({ storage, walDir, collection }: WalLocation, firstSeq: number): Promise<void> {
    const path = walSegmentPath(walDir, firstSeq);
    const wrap = (file: StorageFile): StorageFile =>
      tolerant(file, (from, to) => this.lose(path, from, to, 'unreadable'));
    const reader = await SegmentReader.open(storage, path, { collection, firstSeq }, wrap);
    try {
      const { header } = reader;
      if (header?.code === 'TOO_NEW') throw new VamanaError('TOO_NEW', `${path}: ${header.problem}`);
      if (header !== null) this.lose(path, 0, Math.min(HEADER_BYTES, reader.end.fileBytes), header.problem);
      await this.frames(path, reader);
    } finally {
      await reader.close();
    }
  }

  private async frames(path: string, reader: SegmentReader): Promise<void> {
    for (;;) {
      const { offset, fileBytes } = reader.end;
      let found = await reader.next();
      if (found === null) {
        found = await reader.resume();
        this.lose(path, offset, found?.frame.offset ?? fileBytes, 'no valid record');
      }
      if (found === null) return;
      if (found.frame.kind === 'record') await this.record(path, found);
    }
  }

  private async record(path: string, { frame, body }: LocatedFrame): Promise<void> {
    if (frame.seq < this.expected) return;
    const ops = decodeOps(body);
    if (ops === null) {
      this.lose(path, frame.offset, frameEnd(frame), `record ${frame.seq} holds something else than changes`);
      return;
    }
    const { report } = this;
    if (frame.seq > this.expected) report.gaps.push({ firstSeq: this.expected, lastSeq: frame.seq - 1 });
    await this.take({ seq: frame.seq, ops });
    this.expected = frame.seq + 1;
    report.records += 1;
    report.firstSeq ??= frame.seq;
    report.lastSeq = frame.seq;
  }

  private lose(path: string, from: number, to: number, problem: string): void {
    if (from < to) this.report.lost.push({ path, from, to, problem });
  }
}

const BLOCK_BYTES = 4096;

/** The file, with zeros for the blocks that cannot be read. */
function tolerant(file: StorageFile, onUnreadable: (from: number, to: number) => void): StorageFile {
  const readBlock = async (offset: number, length: number): Promise<Buffer> => {
    try {
      return await file.read(offset, length);
    } catch (error) {
      if (!isIo(error)) throw error;
      onUnreadable(offset, offset + length);
      return Buffer.alloc(length);
    }
  };
  return {
    path: file.path,
    size: () => file.size(),
    write: (buffers, offset) => file.write(buffers, offset),
    truncate: (size) => file.truncate(size),
    datasync: () => file.datasync(),
    close: () => file.close(),
    async read(offset, length) {
      try {
        return await file.read(offset, length);
      } catch (error) {
        if (!isIo(error)) throw error;
      }
      const blocks: Buffer[] = [];
      const end = offset + length;
      for (let at = offset; at < end; at += BLOCK_BYTES)
        blocks.push(await readBlock(at, Math.min(BLOCK_BYTES, end - at)));
      return Buffer.concat(blocks);
    },
  };
}

function isIo(error: unknown): boolean {
  return error instanceof VamanaError && error.code === 'IO';
}
