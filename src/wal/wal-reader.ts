// The records of a whole log, in order, from a sequence number on. Reads only; wal-tail.ts mends what may be mended.
// Rules of the reader:
//
// 1. Segments are the files whose names parse, in the order of their first sequence numbers; others are nobody's.
// 2. Reading begins in the last segment that begins at `from` or before. If all begin later, what lies between is
//    missing: CORRUPT. A log without segments has no records.
// 3. Each later segment begins one after the last record of the one before, or else something is missing: CORRUPT.
// 4. A header of a later version is TOO_NEW; any other that is not as it must be is CORRUPT, except rule 5.
// 5. The last segment with no more than a header, which is damaged, was being created: it has no records.
// 6. Where the valid frames end before the file does, segment-reader.ts tells damage (CORRUPT, with the offset) from
//    a torn tail, which ends the log.
// 7. A valid record whose body is no ops is CORRUPT. Nothing else ends the log, and nothing is skipped.
import { parseWalName, walSegmentPath } from '../disk/file-names.js';
import type { Storage } from '../disk/storage.js';
import { VamanaError } from '../errors.js';
import { decodeOps } from './op-codec.js';
import { damaged, SegmentReader } from './segment-reader.js';
import type { WalRecord } from './wal-op.js';

export interface WalLocation {
  readonly storage: Storage;
  readonly walDir: string;
  /** uuid of the collection; a log of another one is refused. */
  readonly collection: string;
}

/** Bytes at the end of the log that never were durable. */
export interface TornTail {
  path: string;
  offset: number;
  bytes: number;
}

export interface ReadWalOptions {
  /** The first sequence number wanted. */
  from: number;
  onTornTail?: (tail: TornTail) => void;
}

/** Vectors are views of larger buffers: whoever keeps one copies it. */
export async function* readWal(location: WalLocation, options: ReadWalOptions): AsyncGenerator<WalRecord, void> {
  const { from, onTornTail } = options;
  const firsts = await listSegments(location);
  const begin = firsts.findLastIndex((first) => first <= from);
  const oldest = firsts[0];
  if (begin === -1 && oldest !== undefined) throw missing(location, from, oldest);
  for (const [at, first] of firsts.entries()) {
    if (at < begin) continue;
    const reader = await openSegment(location, first);
    try {
      for await (const record of segmentRecords(reader)) if (record.seq >= from) yield record;
      const next = firsts[at + 1];
      const tail = await judgeEnd(reader, next === undefined);
      if (tail !== null) onTornTail?.(tail);
      if (next !== undefined && next !== reader.end.lastSeq + 1) throw brokenOff(reader, next);
    } finally {
      await reader.close();
    }
  }
}

/** First sequence numbers of the segments, ascending; none when there is no folder. */
export async function listSegments({ storage, walDir }: WalLocation): Promise<number[]> {
  let names: string[];
  try {
    names = await storage.list(walDir);
  } catch (error) {
    if (error instanceof VamanaError && error.code === 'NOT_FOUND') return [];
    throw error;
  }
  return names
    .map(parseWalName)
    .filter((first) => first !== null)
    .sort((a, b) => a - b);
}

export function openSegment({ storage, walDir, collection }: WalLocation, firstSeq: number): Promise<SegmentReader> {
  return SegmentReader.open(storage, walSegmentPath(walDir, firstSeq), { collection, firstSeq });
}

/** What follows the valid frames, all of them read: the tail to be cut, null for none; CORRUPT or TOO_NEW. */
export async function judgeEnd(reader: SegmentReader, isLast: boolean): Promise<TornTail | null> {
  const { path, header } = reader;
  const { offset, fileBytes, lastSeq } = reader.end;
  if (isLast && reader.isUnborn) return header === null ? null : { path, offset: 0, bytes: fileBytes };
  if (header !== null) throw headerError(path, header);
  if (offset === fileBytes) return null;
  const damage = await reader.findDamage();
  if (damage !== null) {
    throw damaged(path, offset, `no valid record ${lastSeq + 1}, though the bytes at ${damage} say that there was one`);
  }
  if (isLast) return { path, offset, bytes: fileBytes - offset };
  throw damaged(path, offset, `no valid record ${lastSeq + 1}, and this is not the last file of the log`);
}

async function* segmentRecords(reader: SegmentReader): AsyncGenerator<WalRecord, void> {
  if (reader.header !== null) return;
  for (let found = await reader.next(); found !== null; found = await reader.next()) {
    const { frame, body } = found;
    if (frame.kind === 'mark') continue;
    const ops = decodeOps(body);
    if (ops === null) throw damaged(reader.path, frame.offset, `record ${frame.seq} holds something else than changes`);
    yield { seq: frame.seq, ops };
  }
}

function headerError(path: string, header: NonNullable<SegmentReader['header']>): VamanaError {
  if (header.code === 'CORRUPT') return damaged(path, header.offset, header.problem);
  return new VamanaError(header.code, `${path}: at byte ${header.offset}: ${header.problem}`);
}

function missing({ walDir }: WalLocation, expected: number, found: number): VamanaError {
  const problem = `missing: the log begins with record ${found}, expected record ${expected}`;
  return damaged(walSegmentPath(walDir, expected), 0, problem);
}

function brokenOff({ path, end }: SegmentReader, next: number): VamanaError {
  const problem = `the last record is ${end.lastSeq}, but the next file begins with ${next}`;
  return damaged(path, end.offset, `${problem}: this file was cut, or one between is missing`);
}
