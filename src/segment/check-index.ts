// Looks at an index folder without searching it: inspectIndex() and verifyIndex() of the library.
import { availableParallelism } from 'node:os';
import { loadNative, type NativeProgress, type NativeSegmentInfo, type NativeVerifyReport } from '../binding.js';
import { cancellable } from './cancellable.js';

export interface VerifyIndexOptions {
  /** Threads to check with; all processors by default. */
  threads?: number;
  signal?: AbortSignal;
  /** Bytes checked so far, about ten times a second. If it throws, the check stops and rejects with that. */
  onProgress?: (progress: NativeProgress) => void;
}

/** What was checked, and everything that is wrong (at most 100 problems; none when the index is sound). */
export type VerifyReport = NativeVerifyReport;

/**
 * Reads every byte of an index and proves it: headers, checksums, padding, neighbour lists, distinct rows, and
 * that every vector can be reached from the entry points.
 *
 * What is wrong with the index is in the report; the promise rejects only when the check itself cannot run.
 *
 * @throws VamanaError NOT_FOUND, IO, INVALID_ARGUMENT, BUSY, ABORTED.
 */
export async function verifyIndex(dir: string, options: VerifyIndexOptions = {}): Promise<VerifyReport> {
  const native = loadNative();
  const { threads = availableParallelism(), signal, onProgress } = options;
  return cancellable(native, signal, (cancel) => native.verify(dir, threads, cancel, onProgress ?? null));
}

/**
 * What an index is, from the headers of its files alone.
 *
 * @throws VamanaError NOT_FOUND, CORRUPT, TOO_NEW, TOO_OLD, IO.
 */
export async function inspectIndex(dir: string): Promise<NativeSegmentInfo> {
  const native = loadNative();
  return cancellable(native, undefined, () => native.inspect(dir));
}
