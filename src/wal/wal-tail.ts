// Makes the end of a log fit to go on from, when it is opened to be written. Steps, each of which may be interrupted
// by a crash and done again from the first:
//
// 1. The last segment is read; damage stops here, and nothing is changed.
// 2. If it has no record it is removed, whole header or not: the next record creates it anew.
// 3. A torn tail is cut off.
// 4. Frames that nothing proves durable are written once more over themselves, then synced. They can be in the
//    system's cache only: a process was killed before its sync, or its sync failed, after which another sync may
//    succeed without having written anything. In place, because that needs no space and harms nothing when torn.
// 5. The folders are synced, so that a name created just before a crash is durable too.
//
// What is returned is durable, and only then may recovery apply it.
import { dirname } from 'node:path';
import { walSegmentPath } from '../disk/file-names.js';
import type { StorageFile } from '../disk/storage.js';
import { SegmentAppender } from './segment-appender.js';
import type { SegmentEnd } from './segment-reader.js';
import { judgeEnd, listSegments, openSegment, type TornTail, type WalLocation } from './wal-reader.js';

export interface SettledTail {
  /** Ascending; the last is the active one's when there is one. */
  segments: { firstSeq: number; bytes: number }[];
  active: SegmentAppender | null;
  /** Of the log; 0 when it never had a record, as far as the files tell. */
  lastSeq: number;
  cut: TornTail | null;
}

const COPY_BYTES = 4 * 1024 * 1024;

export async function settleTail(location: WalLocation): Promise<SettledTail> {
  const { storage, walDir } = location;
  await storage.mkdir(walDir);
  await storage.syncDir(dirname(walDir));
  const firsts = await listSegments(location);
  const last = firsts.at(-1);
  if (last === undefined) return { segments: [], active: null, lastSeq: 0, cut: null };
  const { end, cut } = await readEnd(location, last);
  if (end.lastSeq < last) {
    await storage.unlink(walSegmentPath(walDir, last));
    await storage.syncDir(walDir);
    return { segments: await sizes(location, firsts.slice(0, -1)), active: null, lastSeq: last - 1, cut };
  }
  const active = await settleSegment(location, last, end);
  const segments = await sizes(location, firsts);
  return { segments, active, lastSeq: end.lastSeq, cut };
}

async function readEnd(location: WalLocation, firstSeq: number): Promise<{ end: SegmentEnd; cut: TornTail | null }> {
  const reader = await openSegment(location, firstSeq);
  try {
    while (reader.header === null && (await reader.next()) !== null);
    return { cut: await judgeEnd(reader, true), end: reader.end };
  } finally {
    await reader.close();
  }
}

async function settleSegment(location: WalLocation, firstSeq: number, end: SegmentEnd): Promise<SegmentAppender> {
  const { storage, walDir, collection } = location;
  const file = await storage.open(walSegmentPath(walDir, firstSeq), 'write');
  try {
    if (end.fileBytes > end.offset) await file.truncate(end.offset);
    await rewrite(file, end.unprovenFrom, end.offset);
    await file.datasync();
    await storage.syncDir(walDir);
  } catch (error) {
    await file.close().catch(() => undefined);
    throw error;
  }
  return SegmentAppender.resume(file, collection, firstSeq, end);
}

async function rewrite(file: StorageFile, from: number, to: number): Promise<void> {
  for (let offset = from; offset < to; offset += COPY_BYTES) {
    await file.write([await file.read(offset, Math.min(COPY_BYTES, to - offset))], offset);
  }
}

function sizes({ storage, walDir }: WalLocation, firsts: readonly number[]): Promise<SettledTail['segments']> {
  return Promise.all(
    firsts.map(async (firstSeq) => {
      const file = await storage.open(walSegmentPath(walDir, firstSeq), 'read');
      try {
        return { firstSeq, bytes: await file.size() };
      } finally {
        await file.close();
      }
    }),
  );
}
