// An index opened for searching: what openIndex() of the library returns. Defaults are filled in and queries
// checked and converted here; the addon does the rest in one crossing a batch.
import { availableParallelism } from 'node:os';
import {
  loadNative,
  type Native,
  type NativeIndex,
  type NativeIndexStats,
  type NativeIo,
  type NativeSearchResult,
  type NativeSegmentInfo,
} from '../binding.js';
import { VamanaError } from '../errors.js';
import { cancellable } from './cancellable.js';
import { createQueryBatch, type QueryBatch, type QueryVectors } from './query-batch.js';
import { readTuning, type Tuning, tunedFor } from './tuning-file.js';

/** Bytes of the page cache unless the caller says otherwise. */
export const CACHE_BYTES_DEFAULT = 64_000_000;

export interface OpenIndexOptions {
  /**
   * How full vectors are read: 'uring' (io_uring with O_DIRECT), 'pread', 'mmap', or 'auto' (the default: the
   * first of uring and pread that works here). stats() names the one in use.
   */
  io?: NativeIo;
  /** Search threads, each with several queries in flight; all processors by default. */
  threads?: number;
  /** Queries in flight a thread; 1 with one thread and 4 with more by default. */
  inFlight?: number;
  /** Bytes of the cache of pages read, 0 for none; 64 MB by default. */
  cacheBytes?: number;
  /** Calls of search() that may wait before the next is refused with BUSY; 1024 by default. */
  queueRequests?: number;
}

export interface SearchOptions {
  /** Neighbours a query; 10 by default. */
  k?: number;
  /**
   * Beam of the walk: candidates kept by code distance. More finds better and costs more. 64 by default, or what the
   * index was tuned to (VectorIndex.tuning).
   */
  listSize?: number;
  /**
   * Candidates whose pages are read and ranked exactly. 'auto', the default where `listSize` is given or the index was
   * not tuned, takes as many as the codes' measured
   * error leaves among the possible k nearest (native/search/rerank.h).
   */
  rerank?: 'auto' | number;
  /** Scan every vector instead: exact, and slow. */
  exact?: boolean;
  /**
   * 'exact', the default: every distance returned was computed from the full vector. 'approximate': pages are read only
   * for candidates that the codes leave in doubt; those that are surely among the k nearest are answered with the
   * code's estimate of their distance. Fewer reads; 4 bytes of RAM a row from the first such search on.
   */
  scores?: 'exact' | 'approximate';
  /** Return what each query cost. */
  costs?: boolean;
  /** Cancels the call. */
  signal?: AbortSignal;
}

/**
 * Neighbours of all queries in flat arrays: those of query q are at [q * k, (q + 1) * k), nearest first.
 * Where the index has fewer than k rows the rest is padded with row NO_ROW and distance Infinity.
 */
export interface SearchResult extends NativeSearchResult {
  /** Queries. */
  count: number;
  k: number;
}

/** One entry a query in each column; times in microseconds, `reads` in pages of 4 KiB fetched from the device. */
export type SearchCosts = NonNullable<NativeSearchResult['costs']>;
export type IndexInfo = NativeSegmentInfo;
export type IndexStats = NativeIndexStats;

/**
 * Opens an index for searching. Graph and codes are loaded into RAM, and checked; full vectors stay on the disk.
 *
 * @throws VamanaError NOT_FOUND, CORRUPT, TOO_NEW, TOO_OLD (of the folder or of the tuning beside it), UNSUPPORTED (the
 *   `io` asked for is not to be had), INVALID_ARGUMENT, IO, MEMORY_LIMIT, BUSY.
 */
export async function openIndex(dir: string, options: OpenIndexOptions = {}): Promise<VectorIndex> {
  const native = loadNative();
  const handle = await cancellable(native, undefined, () =>
    native.openIndex(dir, {
      io: options.io ?? 'auto',
      threads: options.threads ?? availableParallelism(),
      inFlight: options.inFlight ?? 0,
      cacheBytes: options.cacheBytes ?? CACHE_BYTES_DEFAULT,
      queueRequests: options.queueRequests ?? native.constants.defaults.queueRequests,
    }),
  );
  try {
    return new VectorIndex(native, handle, await readTuning(dir));
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/**
 * An open index; made by openIndex(). Any number of calls may be in flight. Close it when done, or declare it
 * with `await using`.
 */
export class VectorIndex {
  /** What the index is: rows, dimension, element, metric, graph and code. Readable after close() too. */
  readonly info: IndexInfo;
  /** What `vamana tune` or tuneIndex() found for this very index; null where it was not tuned. */
  readonly tuning: Tuning | null;
  readonly #native: Native;
  readonly #handle: NativeIndex;
  #closed = false;

  /** @internal */
  constructor(native: Native, handle: NativeIndex, tuning: Tuning | null) {
    this.#native = native;
    this.#handle = handle;
    this.info = handle.info;
    this.tuning = tuning?.uuid === handle.info.uuid ? tuning : null;
  }

  /** How wide and how deep a search with these options goes, defaults filled in. */
  effort({
    k,
    listSize,
    rerank,
  }: Pick<SearchOptions, 'k' | 'listSize' | 'rerank'> = {}): Required<Pick<SearchOptions, 'listSize' | 'rerank'>> {
    const { defaults } = this.#native.constants;
    if (listSize !== undefined) return { listSize, rerank: rerank ?? 'auto' };
    if (this.tuning === null) return { listSize: defaults.listSize, rerank: rerank ?? 'auto' };
    const tuned = tunedFor(this.tuning, k ?? defaults.k);
    return { listSize: tuned.listSize, rerank: rerank ?? tuned.rerank };
  }

  /**
   * The nearest rows of each query.
   *
   * The walk over the graph is the greedy search of DiskANN (Subramanya et al., NeurIPS 2019) on codes in RAM;
   * the best candidates are then read in one batch and ranked by exact distance, in the units of the index's
   * metric: squared for 'l2', 1 - similarity for 'cosine', minus the product for 'dot'.
   *
   * @param queries one query or many, count x dim elements tightly packed, copied before the call returns. A
   *   Float32Array suits every index: for u8 and i8 its values must be whole numbers in range, for f16 they are
   *   rounded to the nearest half. An index of u8, i8 or f16 also takes its own kind: Uint8Array, Int8Array, or
   *   a Uint16Array of half-float bits.
   * @throws VamanaError INVALID_ARGUMENT and NOT_FINITE (both name the query and the position), BUSY, CLOSED,
   *   ABORTED, CORRUPT (a page read does not match its checksum), IO.
   */
  async search(queries: QueryVectors, options: SearchOptions = {}): Promise<SearchResult> {
    const { bytes, count } = this.#batch(queries);
    if (count === 0) throw new VamanaError('INVALID_ARGUMENT', 'queries: found none, expected at least one');
    const { defaults } = this.#native.constants;
    const costs = options.costs ?? false;
    const { listSize, rerank } = this.effort(options);
    const params = {
      k: options.k ?? defaults.k,
      listSize,
      rerank: rerankDepth(rerank),
      exact: options.exact ?? false,
      approximate: wantsEstimates(options.scores),
      costs,
    };
    const found = await cancellable(this.#native, options.signal, (cancel) =>
      this.#handle.search(bytes, count, params, cancel),
    );
    return { ...found, count, k: params.k };
  }

  /**
   * Exact distances from query i to row rows[i]; NaN for a row that the index does not have. Reads every vector
   * once, so it is for measuring recall, not for serving. No queries give no distances.
   *
   * @throws VamanaError as search().
   */
  async distancesToRows(queries: QueryVectors, rows: Uint32Array): Promise<Float32Array> {
    const { bytes, count } = this.#batch(queries);
    if (count !== rows.length) {
      throw new VamanaError('INVALID_ARGUMENT', `rows: found ${rows.length}, expected ${count}, one for each query`);
    }
    return cancellable(this.#native, undefined, () => this.#handle.distancesToRows(bytes, rows));
  }

  /** The reader in use, bytes of memory by purpose, and the cache's hits. Throws CLOSED after close(). */
  stats(): IndexStats {
    this.#requireOpen();
    return this.#handle.stats();
  }

  /**
   * Frees everything once the calls in flight have ended; those that were still waiting for a thread reject
   * with CLOSED, as do all later ones. May be called more than once: every promise resolves when it is done.
   */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#handle.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #batch(queries: QueryVectors): QueryBatch {
    this.#requireOpen();
    return createQueryBatch(queries, this.info);
  }

  #requireOpen(): void {
    if (this.#closed) throw new VamanaError('CLOSED', 'the index was closed; open it again to search');
  }
}

/** True for 'approximate'. INVALID_ARGUMENT for what is neither. */
export function wantsEstimates(scores: 'exact' | 'approximate' = 'exact'): boolean {
  if (scores === 'exact' || scores === 'approximate') return scores === 'approximate';
  throw new VamanaError(
    'INVALID_ARGUMENT',
    `options.scores: found ${String(scores)}, expected 'exact' or 'approximate'`,
  );
}

// The addon takes 0 for auto, which must not be a way to write it here.
export function rerankDepth(rerank: 'auto' | number = 'auto'): number {
  if (rerank === 'auto') return 0;
  if (Number.isInteger(rerank) && rerank >= 1) return rerank;
  throw new VamanaError(
    'INVALID_ARGUMENT',
    `options.rerank: found ${String(rerank)}, expected 'auto' or a whole number of at least 1`,
  );
}
