// What calls of a collection take and what its status tells.
import type { NativeStoreStats } from '../binding.js';
import type { WithPayload } from '../payload/payload-selection.js';
import type { WalStats } from '../wal/wal-writer.js';
import type { PointIdInput } from '../write/write-batch.js';

export interface ReadOptions {
  /** Which members of payloads answers hold. True, which is all, by default, but false for search. */
  withPayload?: WithPayload;
  /** False by default. */
  withVector?: boolean;
}

export interface CollectionSearchOptions extends ReadOptions {
  /** Neighbours a query; 10 by default. */
  k?: number;
  /** Beam of the walk through each segment and the fresh rows; 64 by default. */
  listSize?: number;
  /** Candidates a segment whose pages are read; 'auto', by the codes' measured error, by default. */
  rerank?: 'auto' | number;
  /** 'approximate' reads less and estimates distances; see SearchOptions of an index. */
  scores?: 'exact' | 'approximate';
  /** Scan every vector instead. */
  exact?: boolean;
  signal?: AbortSignal;
}

export interface CollectionScrollOptions extends ReadOptions {
  /** The first id; the smallest one by default. */
  from?: PointIdInput;
  signal?: AbortSignal;
}

export interface WriteOptions {
  /** The version (see Point.version) that every point must have, 0 for none; else VERSION_CONFLICT. */
  ifVersion?: number;
}

export interface CollectionStatus {
  points: number;
  /** The last batch that is applied. */
  seq: number;
  segments: { number: number; rows: number; bytes: number; level: number }[];
  /** Rows that are only in RAM and in the log, and how many of them searches have to scan. */
  freshRows: number;
  unlinkedRows: number;
  /** Deltas that are being written as segments. */
  flushing: number;
  /** Why writing one as a segment failed last; it is tried again. */
  flushError: string | null;
  /** Why writes are refused. */
  writeError: string | null;
  wal: WalStats;
  metaBytes: number;
  memory: NativeStoreStats['memory'];
}
