// The native boundary as TypeScript sees it: the addon's shapes, and the one place that loads it.
// Everything here is raw (no defaults, no checks beyond the addon's own); users call src/index.ts.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { VamanaError } from './errors.js';
import type {
  NativeConstants,
  NativeDoctorReport,
  NativeElement,
  NativeIo,
  NativeMetric,
  NativeVerifyReport,
} from './native-reports.js';

export type { NativeConstants, NativeDoctorReport, NativeElement, NativeIo, NativeMetric, NativeVerifyReport };

/** How rows lie in a local file; see native/job/vector_file.h. */
export interface NativeVectorFileShape {
  path: string;
  rows: number;
  dim: number;
  element: NativeElement;
  float64: boolean;
  rowPrefix: boolean;
  offset: number;
  stride: number;
}

export interface NativeBuildOptions {
  source: NativeVectorFileShape;
  dir: string;
  metric: NativeMetric;
  degree: number;
  buildList: number;
  alpha: number;
  order: Exclude<NativeBuildOrder, 'partitions'>;
  code: 'pq' | 'rabitq' | 'auto';
  codeBytes: number;
  /** Bytes for the whole process; 0 for none. */
  memoryLimit: number;
  threads: number;
  seed: number;
}

/**
 * How rows are numbered in the end: by graph bisection, by a 2-means tree, breadth first; or partition after
 * partition where bisection takes too much.
 */
export type NativeBuildOrder = 'bisection' | 'kmeans' | 'bfs' | 'partitions';

export interface NativeBuildPlan {
  /** 1: all vectors in memory; otherwise overlapping partitions, merged into one graph. */
  partitions: number;
  order: NativeBuildOrder;
  /** The stage that holds most; the bytes are what it holds. */
  stage: string;
  vectorsBytes: number;
  graphBytes: number;
  codesBytes: number;
  buffersBytes: number;
  processBytes: number;
  peakBytes: number;
  /** No lower limit is possible. */
  leastBytes: number;
}

export interface NativeBuildReport {
  rows: number;
  dim: number;
  seconds: { total: number; read: number; train: number; graph: number; reorder: number; write: number };
  rssPeak: number;
  degreeMean: number;
  bitsPerEdge: number;
  unreachable: number;
  repaired: number;
  partitions: number;
  order: NativeBuildOrder;
  files: { vectors: number; graph: number; codes: number; rows: number };
}

export interface NativeProgress {
  stage: string;
  done: number;
  total: number;
}

/** One atomic flag. `cancel()` may be called at any time, more than once. */
export interface NativeCancel {
  cancel(): void;
}

export interface NativeOpenOptions {
  io: NativeIo;
  threads: number;
  /** Queries in flight a worker; 0 for the engine's choice. */
  inFlight: number;
  cacheBytes: number;
  queueRequests: number;
}

export interface NativeSearchParams {
  k: number;
  listSize: number;
  /** 0 for auto. */
  rerank: number;
  exact: boolean;
  /** Estimates of who is surely in the answer, instead of reading their pages. */
  approximate: boolean;
  /** Also return a cost a query. */
  costs: boolean;
}

/** How matching rows are looked for: see native/search/filter_plan.h. */
export type NativeFilterStrategy = 'auto' | 'codes' | 'walk' | 'post';

/** In the order of the bits of `strategies` in the costs of a search. */
export const NATIVE_STRATEGIES = ['codes', 'walk', 'post'] as const;

export interface NativeFilteredParams extends NativeSearchParams {
  /** Of the same store; all rows when left out. */
  filter?: NativeRowFilter | null;
  /** 'auto' when left out. Of no effect without a filter. */
  strategy?: NativeFilterStrategy;
}

/** A set of rows that searches may answer with. Searches in flight keep it when it is closed. */
export interface NativeRowFilter {
  readonly count: number;
  /** Idempotent. */
  close(): void;
}

/** Flat results: query q's are [q * k, (q + 1) * k), nearest first; `noRow` and Infinity pad. */
export interface NativeSearchResult {
  rows: Uint32Array;
  distances: Float32Array;
  /** Present when asked for: one entry a query in each column. */
  costs?: {
    hops: Uint32Array;
    codesScored: Uint32Array;
    /** Vectors of deltas that were measured, in RAM. */
    vectorsScored: Uint32Array;
    reads: Uint32Array;
    cacheHits: Uint32Array;
    reranked: Uint32Array;
    /** Of a search with a filter: matching rows of the parts, a bit for each strategy used, and the time foreseen. */
    matches: Uint32Array;
    strategies: Uint32Array;
    expectedUs: Float32Array;
    walkUs: Float32Array;
    readUs: Float32Array;
    rankUs: Float32Array;
    totalUs: Float32Array;
  };
}

export interface NativeSegmentInfo {
  uuid: string;
  formatVersion: number;
  rows: number;
  dim: number;
  element: NativeElement;
  metric: NativeMetric;
  degree: number;
  degreeMean: number;
  bitsPerEdge: number;
  edges: number;
  buildList: number;
  alpha: number;
  seed: number;
  entries: number[];
  /** "pq32x8" */
  code: string;
  codeBytes: number;
  trainingError: number;
  recordBytes: number;
  recordsPerSlot: number;
  pagesPerSlot: number;
  files: { vectors: number; graph: number; codes: number; rows: number };
}

export interface NativeIndexStats {
  io: { kind: NativeIo; direct: boolean; registeredBuffers: boolean; note: string };
  memory: { graph: number; codes: number; rows: number; cache: number; mapped: number; locked: boolean };
  cache: { capacityBytes: number; usedBytes: number; hits: number; misses: number };
  threads: number;
}

/** An opened segment. Every method after close() throws or rejects with CLOSED. */
export interface NativeIndex {
  readonly info: NativeSegmentInfo;
  /** `queries`: count x dim elements of info.element, as raw bytes; copied before the call returns. */
  search(
    queries: Uint8Array,
    count: number,
    params: NativeSearchParams,
    cancel: NativeCancel | null,
  ): Promise<NativeSearchResult>;
  /** Exact distances from query i to row rows[i], found by a scan; NaN for a row that is not in the segment. */
  distancesToRows(queries: Uint8Array, rows: Uint32Array): Promise<Float32Array>;
  stats(): NativeIndexStats;
  /**
   * Waits for calls in flight; searches that no worker has wholly taken up yet reject with CLOSED. Idempotent:
   * every promise resolves once all is freed.
   */
  close(): Promise<void>;
}

/** One vector space of a collection: what all its segments and deltas have in common, and how it is served. */
export interface NativeStoreOptions {
  dim: number;
  element: NativeElement;
  metric: NativeMetric;
  io: NativeIo;
  threads: number;
  /** Queries in flight a worker; 0 for the engine's choice. */
  inFlight: number;
  /** Of the page cache that all segments share. */
  cacheBytes: number;
  queueRequests: number;
  /** How the graph of a delta is linked: degree 4 to 126, a build list of at least the degree, alpha 1 to 2. */
  delta: { degree: number; buildList: number; alpha: number };
}

export interface NativeStoreStats {
  /** `direct` when the files of all open segments are read so. */
  io: { kind: NativeIo; direct: boolean; registeredBuffers: boolean; note: string };
  /** Of all parts that live, in a handle or only in a snapshot. */
  memory: {
    graph: number;
    codes: number;
    rows: number;
    deltas: number;
    cache: number;
    mapped: number;
    locked: boolean;
  };
  cache: { capacityBytes: number; usedBytes: number; hits: number; misses: number };
  threads: number;
}

/** Parts of a store; each object from the same store and open. */
export interface NativeParts {
  segments: NativeSegment[];
  deltas: NativeDelta[];
}

/** What buildSegment is asked; as for `build`, but for the rows, their type and the metric. */
export interface NativeSegmentBuildOptions {
  dir: string;
  degree: number;
  buildList: number;
  alpha: number;
  code: 'pq' | 'rabitq' | 'auto';
  codeBytes: number;
  /** Bytes for the whole process; 0 for none. */
  memoryLimit: number;
  threads: number;
  seed: number;
}

/** 'streaming' keeps a segment's graph and codec; 'rebuild' is a build of all rows. See native/job/merge_job.h. */
export type NativeMergeMode = 'streaming' | 'rebuild';

/** As for buildSegment; 'streaming' takes graph and code from the segment that it keeps, whatever stands here. */
export interface NativeMergeOptions extends NativeSegmentBuildOptions {
  mode: NativeMergeMode;
}

/** What becomes of the rows. */
export interface NativeMergeShape {
  mode: NativeMergeMode;
  /** Streaming: all vectors are held in memory; else only codes, and vectors are read in windows. */
  vectorsInMemory: boolean;
  /** Live rows of the segment whose graph is kept; 0 for a rebuild. */
  kept: number;
  /** Its dead rows, which go. */
  dropped: number;
  /** Rows that are inserted; all of them for a rebuild. */
  fresh: number;
}

export type NativeMergePlan = NativeBuildPlan & NativeMergeShape;

export interface NativeMergeReport extends NativeBuildReport, NativeMergeShape {
  /** `graph` is the insertion where a graph was kept, and `train` 0. */
  seconds: NativeBuildReport['seconds'] & { repair: number };
  /** Nodes that had named dead ones, and those of them that were linked anew. */
  listsRepaired: number;
  orphans: number;
  /**
   * How well the codec that was kept fits: the mean squared distance of vectors from what their codes decode to, of the
   * rows it was trained on and of those inserted. 0 for a rebuild, `insertedError` also where none was inserted.
   */
  trainingError: number;
  insertedError: number;
}

/** How much of the disk a job may take; both may change while it runs, and one throttle may serve many jobs. */
export interface NativeThrottle {
  /** Of vectors that are read and written, together; 0 for no limit. */
  setBytesPerSecond(bytes: number): void;
  /** A paused job holds its memory and its threads, and does nothing until it goes on or is cancelled. */
  setPaused(paused: boolean): void;
}

/**
 * The segments, deltas and snapshots of one vector space, with the threads that search and link them. A row stands
 * in one part at most; that is the caller's to keep. After close() every method of the store and its parts, but
 * their close(), throws or rejects with CLOSED.
 */
export interface NativeStore {
  /** Checks headers, graph, codes and rows wholly. INVALID_ARGUMENT when it is of another space. */
  openSegment(dir: string): Promise<NativeSegment>;
  createDelta(): NativeDelta;
  /** Sees every row of the parts but the dead ones; ids in `dead` that no part has do no harm. */
  createSnapshot(parts: NativeParts & { dead: Uint32Array }): NativeSnapshot;
  /**
   * Writes the rows of the parts that live in the snapshot, which has these parts, as one new segment folder. Rows keep
   * their numbers; a row that dies meanwhile is in it, and is dead in a snapshot that next() makes with it. With no
   * live row it rejects with INVALID_ARGUMENT. The promise settles when the folder is durable, or nothing of it is left.
   */
  buildSegment(
    parts: NativeParts,
    snapshot: NativeSnapshot,
    options: NativeSegmentBuildOptions,
    cancel: NativeCancel | null,
    onProgress: ((progress: NativeProgress) => void) | null,
  ): Promise<NativeBuildReport>;
  /** What mergeSegments would hold and do. MEMORY_LIMIT when the limit is too small. */
  planMerge(parts: NativeParts, snapshot: NativeSnapshot, options: NativeMergeOptions): Promise<NativeMergePlan>;
  /**
   * As buildSegment; streaming keeps the graph and the codec of parts.segments[0], in which a row must live:
   * INVALID_ARGUMENT otherwise.
   */
  mergeSegments(
    parts: NativeParts,
    snapshot: NativeSnapshot,
    options: NativeMergeOptions,
    throttle: NativeThrottle | null,
    cancel: NativeCancel | null,
    onProgress: ((progress: NativeProgress) => void) | null,
  ): Promise<NativeMergeReport>;
  /** `rows`: a roaring bitmap in its portable form; copied. INVALID_ARGUMENT when it is none. */
  createRowFilter(rows: Uint8Array): NativeRowFilter;
  stats(): NativeStoreStats;
  /** Waits for calls in flight, builds included; searches not wholly taken up reject with CLOSED. Idempotent. */
  close(): Promise<void>;
}

/** An opened segment of a store. Its memory and files are freed when it is closed and no snapshot has it. */
export interface NativeSegment {
  readonly info: NativeSegmentInfo;
  /** How many rows it has, the smallest and the largest of them. */
  readonly rows: { readonly count: number; readonly first: number; readonly last: number };
  close(): void;
}

/** Fresh rows in memory, searchable by the snapshots made after their append, and linked into a graph in the background. */
export interface NativeDelta {
  /**
   * Copies. `rows` ascend and are above all before; `vectors` holds rows.length x dim elements as raw bytes. All or
   * nothing: NOT_FINITE, MEMORY_LIMIT, INVALID_ARGUMENT (frozen, too). Invisible until a snapshot is made. Under cosine,
   * f32 and f16 vectors are normalised on the way in; a zero vector stays.
   */
  append(rows: Uint32Array, vectors: Uint8Array): void;
  /** No more appends; linking goes on. Idempotent. */
  freeze(): void;
  /** `bytes` grow in steps of some MiB. */
  stats(): { rows: number; linked: number; bytes: number; frozen: boolean };
  /** Links what is not linked yet, or waits while the background does; resolves when the rows there were at the call are. */
  linked(cancel: NativeCancel | null): Promise<void>;
  /** It lives on while a snapshot or a build has it. */
  close(): void;
}

/** What a search sees; it never changes. */
export interface NativeSnapshot {
  /** Rows that are visible and not dead. */
  readonly liveRows: number;
  /**
   * The successor: every row that its deltas have by now is visible, and the `dead` rows die (rows that are dead, or in
   * no part, do no harm). With `segments` or `deltas` those parts are replaced; dead rows stay dead wherever they are.
   * Costs what changed, and a look into a segment's file for each row that dies in it. This snapshot stays as it is.
   */
  next(change: { dead?: Uint32Array; segments?: NativeSegment[]; deltas?: NativeDelta[] }): NativeSnapshot;
  /**
   * One top-k over all parts, never a dead row; as NativeIndex.search otherwise. With a filter only rows in it, always
   * min(k, live rows of the filter) of them.
   */
  search(
    queries: Uint8Array,
    count: number,
    params: NativeFilteredParams,
    cancel: NativeCancel | null,
  ): Promise<NativeSearchResult>;
  /** found[i] is 1, and vector i there, where a live row has the number rows[i]; 0, and zeros, elsewhere. */
  fetch(rows: Uint32Array): Promise<{ found: Uint8Array; vectors: Uint8Array }>;
  close(): void;
}

/** A lock on a file. Let go of by release(), by being collected, and when the process ends, however it does. */
export interface NativeLock {
  /** Idempotent. */
  release(): void;
}

/** Exact top-k accumulated over windows of rows; see native/search/exact_scan.h. */
export interface NativeExactScan {
  /**
   * `vectors`: rows x dim elements, tightly packed. Not copied: must not be changed, transferred or unmapped
   * until the promise settles. One at a time: BUSY while another is in flight.
   */
  add(vectors: Uint8Array, rows: number, firstRow: number): Promise<void>;
  /** Of the rows added so far; BUSY while an add is in flight. */
  result(): { rows: Uint32Array; distances: Float32Array };
  /** Cuts an add in flight short, which rejects with CLOSED. Idempotent. */
  close(): void;
}

/**
 * The addon. Functions that promise reject and never throw, whatever they are passed; the others throw. Every
 * error has a `code` of errors.ts. A progress listener hears each stage once at least and about ten times a
 * second otherwise; one that throws cancels its call, which rejects with what it threw.
 */
export interface Native {
  readonly constants: NativeConstants;
  createCancel(): NativeCancel;
  createThrottle(): NativeThrottle;
  planBuild(options: NativeBuildOptions): Promise<NativeBuildPlan>;
  build(
    options: NativeBuildOptions,
    cancel: NativeCancel | null,
    onProgress: ((progress: NativeProgress) => void) | null,
  ): Promise<NativeBuildReport>;
  openIndex(dir: string, options: NativeOpenOptions): Promise<NativeIndex>;
  /** Reads the headers only. */
  inspect(dir: string): Promise<NativeSegmentInfo>;
  verify(
    dir: string,
    threads: number,
    cancel: NativeCancel | null,
    onProgress: ((progress: NativeProgress) => void) | null,
  ): Promise<NativeVerifyReport>;
  createExactScan(
    metric: NativeMetric,
    element: NativeElement,
    dim: number,
    queries: Uint8Array,
    count: number,
    k: number,
    threads: number,
  ): NativeExactScan;
  doctor(probeDir: string | null): Promise<NativeDoctorReport>;
  createStore(options: NativeStoreOptions): NativeStore;
  /** Makes the file when it is absent, and writes nothing into it. LOCKED when another process, or handle, holds it. */
  lockFile(path: string): NativeLock;
}

let loaded: Native | undefined;

/** The addon of this package, loaded at the first call. ADDON_MISSING, with the reason, when it cannot be. */
export function loadNative(): Native {
  loaded ??= loadNativeFrom(join(packageRoot(), 'build', 'Release', 'vamana.node'));
  return loaded;
}

/** Loads the addon at `path`; ADDON_MISSING when it is absent or the system refuses it. */
export function loadNativeFrom(path: string): Native {
  try {
    return createRequire(import.meta.url)(path) as Native;
  } catch (cause) {
    const reason = existsSync(path) ? (cause instanceof Error ? cause.message : String(cause)) : 'it is not there';
    throw new VamanaError(
      'ADDON_MISSING',
      `the native addon ${path} cannot be loaded: ${reason}; ` +
        'run `npm rebuild vamana-ssd` where the package is installed, or `npm run build` in its own folder',
      { cause },
    );
  }
}

// This file runs from src/ (tests) and from dist/src/ (compiled): the package's folder is the nearest one
// above with a package.json.
function packageRoot(): string {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json')) || folder === dirname(folder)) return folder;
  }
}
