// How a database runs while it is open: threads, memory, durability. Nothing of it is stored.
import { availableParallelism } from 'node:os';
import type { NativeIo } from '../binding.js';
import { type Maintenance, type MaintenanceOptions, resolveMaintenance } from './maintenance.js';

/**
 * When a write is acknowledged: once it is durable (`always`, the default), or once it is written, which survives
 * the process but not the machine; then it is durable about `intervalMs` later, or (`none`) when a file of the log is
 * full or a flush is published. After a power failure the collection is as one of its batches left it, at or after the
 * last durable one.
 */
export type SyncChoice = 'always' | 'none' | { readonly intervalMs: number };

export interface RuntimeOptions {
  /** How full vectors are read; 'auto' by default. */
  io?: NativeIo;
  /** Search threads a collection; all processors by default. */
  threads?: number;
  /** Threads of the builds that write segments; half of the processors, at least one, by default. */
  buildThreads?: number;
  /** Bytes of a collection's cache of pages; 64 MB by default. */
  cacheBytes?: number;
  sync?: SyncChoice;
  /** Bytes of a file of the write-ahead log; 64 MiB by default. */
  walSegmentBytes?: number;
  /**
   * Rows, or bytes, that the newest writes may take in RAM before they are written as a segment in the background.
   * There are at most twice as many: those that are being written, and those that came since. 200,000 rows and
   * 256 MiB by default.
   */
  deltaRows?: number;
  deltaBytes?: number;
  /**
   * Bytes of the log after which what it holds is made durable elsewhere, and the log let go, fresh rows as a segment
   * though they be few: an opening reads what is left of it again. 512 MiB, or twice `deltaBytes` where that is more, by
   * default.
   */
  logBytes?: number;
  /**
   * Payloads that a filter may read for its conditions on fields without an index, before it is refused with
   * UNINDEXED_FILTER; any number by default, 0 to insist on indexes.
   */
  filterScanRows?: number;
  /** How long a write waits for room before it is refused with BUSY; 30 s by default. */
  writeTimeoutMs?: number;
  /** Bytes of the disk that writes leave free. */
  reserveBytes?: number;
  /** When segments are merged by themselves, and how. */
  maintenance?: MaintenanceOptions;
}

export type Runtime = Required<Omit<RuntimeOptions, 'reserveBytes' | 'maintenance'>> &
  Pick<RuntimeOptions, 'reserveBytes'> & { maintenance: Maintenance };

export function resolveRuntime(options: RuntimeOptions): Runtime {
  const processors = availableParallelism();
  const defaults = {
    io: 'auto',
    threads: processors,
    buildThreads: Math.max(1, Math.floor(processors / 2)),
    cacheBytes: 64_000_000,
    sync: 'always',
    walSegmentBytes: 64 * 1024 * 1024,
    deltaRows: 200_000,
    deltaBytes: 256 * 1024 * 1024,
    filterScanRows: Number.POSITIVE_INFINITY,
    writeTimeoutMs: 30_000,
  } as const;
  const logBytes = Math.max(512 * 1024 * 1024, 2 * (options.deltaBytes ?? defaults.deltaBytes));
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const maintenance = resolveMaintenance(options.maintenance);
  return { ...defaults, logBytes, ...(Object.fromEntries(given) as Omit<RuntimeOptions, 'maintenance'>), maintenance };
}
