// What writing calls of a collection take and what its status tells.
import type { NativeElement, NativeMetric, NativeStoreStats } from '../binding.js';
import type { WalStats } from '../wal/wal-writer.js';
import type { LifecycleStatus } from './lifecycle.js';

export interface WriteOptions {
  /** The version (see Point.version) that every point must have, 0 for none; else VERSION_CONFLICT. */
  ifVersion?: number;
}

/** One of the vector spaces of a collection. */
export interface SpaceStatus {
  name: string;
  /** It is asked where none is named. */
  isDefault: boolean;
  dim: number;
  metric: NativeMetric;
  element: NativeElement;
  model?: string;
  /** Their numbers, and their rows, dead ones among them. */
  segments: number[];
  segmentRows: number;
  freshRows: number;
}

export interface CollectionStatus {
  points: number;
  /** The last batch that is applied. */
  seq: number;
  /** Whether a merge is due or running, and what replaced segments are kept. */
  lifecycle: LifecycleStatus;
  segments: { number: number; rows: number; bytes: number; level: number }[];
  /** Where vectors have names; the default space first. */
  spaces?: SpaceStatus[];
  /** Rows that are only in RAM and in the log, and how many of them searches have to scan. */
  freshRows: number;
  unlinkedRows: number;
  /** Deltas that are being written as segments. */
  flushing: number;
  /** Why writing one as a segment failed last; it is tried again. */
  flushError: string | null;
  /** Why storing field indexes failed last; it is tried again, and filters go on. */
  fieldError: string | null;
  /** Why writes are refused. */
  writeError: string | null;
  wal: WalStats;
  metaBytes: number;
  memory: NativeStoreStats['memory'];
  /** Of pages. */
  cache: NativeStoreStats['cache'];
  /** How vectors are read. */
  io: NativeStoreStats['io'];
}
