// Builds and merges of the addon: what they are given, plan and report. Part of binding.ts, through which all others take
// them.
import type { NativeElement, NativeMetric } from './native-reports.js';

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
  /** Planned for the whole process; see NativeBuildPlan. */
  peakBytes: number;
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

/** How much of the machine a job may take; all may change while it runs, and one throttle may serve many jobs. */
export interface NativeThrottle {
  /** Of vectors that are read and written, together; 0 for no limit. */
  setBytesPerSecond(bytes: number): void;
  /** Of the same, requests of up to 128 KiB; 0 for no limit. */
  setOperationsPerSecond(operations: number): void;
  /** Of the time of each of its threads, 1 to 100; 100 for no limit. */
  setCpuPercent(percent: number): void;
  /** A paused job holds its memory and its threads, and does nothing until it goes on or is cancelled. */
  setPaused(paused: boolean): void;
  /** Whether it stands still while searches are in flight and 2 ms after, for 5 ms at a time at most. */
  setYields(yields: boolean): void;
}
