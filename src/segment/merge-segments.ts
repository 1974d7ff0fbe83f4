// Merges segments of a store into one: what the lifecycle of a collection calls. It writes a folder and nothing else;
// the folder is nobody's until a manifest edit names it, and the old segments stay until their owner drops them.
import { availableParallelism } from 'node:os';
import {
  loadNative,
  type NativeDelta,
  type NativeMergeMode,
  type NativeMergeOptions,
  type NativeMergePlan,
  type NativeMergeReport,
  type NativeParts,
  type NativeSegment,
  type NativeSnapshot,
  type NativeStore,
  type NativeThrottle,
} from '../binding.js';
import { VamanaError } from '../errors.js';
import { cancellable } from './cancellable.js';
import { type RatedProgress, rateStages } from './stage-rate.js';

export interface MergeInput {
  store: NativeStore;
  /** Sees all parts; rows that are dead in it are left out. It may be closed once the call has returned its promise. */
  snapshot: NativeSnapshot;
  segments: readonly NativeSegment[];
  /** Frozen, mostly: rows that are appended later are not merged. */
  deltas?: readonly NativeDelta[];
  /** Folder to create; its parent must exist, it must not. */
  dir: string;
  /**
   * 'streaming', the default, keeps the graph and the codec of one segment: its dead rows are taken out and the graph is
   * repaired around them, all other rows are inserted, and everything is laid out anew (StreamingMerge of Singh et al.,
   * "FreshDiskANN", 2021). 'rebuild' makes a new graph and a new codec from all rows.
   */
  mode?: NativeMergeMode;
  /** The segment that streaming keeps; the one with most rows by default. One of `segments`. */
  keep?: NativeSegment;
  /** Of a rebuild only; see BuildIndexOptions. */
  graph?: {
    degree?: number;
    buildList?: number;
    alpha?: number;
    code?: 'pq' | 'rabitq' | 'auto';
    codeBytes?: number;
  };
  /** Most bytes of RAM that the whole process may use; no limit by default. */
  memoryLimit?: number;
  /** All processors by default. The segment is the same whatever their number. */
  threads?: number;
  seed?: number;
}

export interface MergeRun {
  /** From createThrottle(); may be changed while the merge runs. */
  throttle?: NativeThrottle;
  /** Stops the merge; nothing is left behind. */
  signal?: AbortSignal;
  /** Hears the stage ('read', 'repair', 'graph', 'reorder', 'write'; of a rebuild as of a build) and its progress. */
  onProgress?: (progress: RatedProgress) => void;
}

export interface ThrottleLimits {
  bytesPerSecond?: number;
  operationsPerSecond?: number;
  cpuPercent?: number;
  yields?: boolean;
  paused?: boolean;
}

export type MergePlan = NativeMergePlan;
export type MergeReport = NativeMergeReport;

/**
 * Writes the live rows of the parts as one new segment folder, in which rows keep their numbers. A row that dies
 * meanwhile is in it. The folder appears, whole and durable, when the promise resolves, and not before.
 *
 * @throws VamanaError INVALID_ARGUMENT (no live row; for streaming, none in the segment to keep), MEMORY_LIMIT (with the
 *   least that would do), ALREADY_EXISTS, NOT_FOUND, CORRUPT, DISK_FULL, IO, BUSY, CLOSED, ABORTED.
 */
export async function mergeSegments(input: MergeInput, run: MergeRun = {}): Promise<MergeReport> {
  const { signal, onProgress, throttle } = run;
  return cancellable(loadNative(), signal, async (cancel) => {
    const rate = rateStages();
    const listener =
      onProgress === undefined ? null : (progress: Parameters<typeof rate>[0]) => onProgress(rate(progress));
    const { store, snapshot } = input;
    return store.mergeSegments(partsOf(input), snapshot, optionsOf(input), throttle ?? null, cancel, listener);
  });
}

/** What mergeSegments() with this input would hold and do, without doing it. @throws VamanaError as it does. */
export async function planMerge(input: MergeInput): Promise<MergePlan> {
  return cancellable(loadNative(), undefined, async () =>
    input.store.planMerge(partsOf(input), input.snapshot, optionsOf(input)),
  );
}

/** For one merge or for many. Without a limit and not paused unless it is told so. */
export function createThrottle(limits: ThrottleLimits = {}): NativeThrottle {
  const throttle = loadNative().createThrottle();
  throttle.setBytesPerSecond(limits.bytesPerSecond ?? 0);
  throttle.setOperationsPerSecond(limits.operationsPerSecond ?? 0);
  throttle.setCpuPercent(limits.cpuPercent ?? 100);
  throttle.setYields(limits.yields ?? false);
  throttle.setPaused(limits.paused ?? false);
  return throttle;
}

// The segment that is kept comes first.
function partsOf({ segments, deltas = [], keep }: MergeInput): NativeParts {
  const first = keep ?? segments.reduce<NativeSegment | undefined>(larger, undefined);
  if (keep !== undefined && !segments.includes(keep)) {
    throw new VamanaError('INVALID_ARGUMENT', 'keep: found a segment that is not merged, expected one of `segments`');
  }
  const others = segments.filter((segment) => segment !== first);
  return { segments: first === undefined ? [] : [first, ...others], deltas: [...deltas] };
}

function larger(most: NativeSegment | undefined, segment: NativeSegment): NativeSegment {
  return most === undefined || segment.rows.count > most.rows.count ? segment : most;
}

function optionsOf({ dir, mode = 'streaming', graph, memoryLimit, threads, seed }: MergeInput): NativeMergeOptions {
  if (mode === 'streaming' && graph !== undefined) {
    throw new VamanaError(
      'INVALID_ARGUMENT',
      "graph: a streaming merge keeps the graph and the code of a segment; leave it out, or use mode 'rebuild'",
    );
  }
  const { defaults } = loadNative().constants;
  return {
    mode,
    dir,
    degree: graph?.degree ?? defaults.degree,
    buildList: graph?.buildList ?? defaults.buildList,
    alpha: graph?.alpha ?? defaults.alpha,
    code: graph?.code ?? 'auto',
    codeBytes: graph?.codeBytes ?? defaults.codeBytes,
    memoryLimit: memoryLimit ?? 0,
    threads: threads ?? availableParallelism(),
    seed: seed ?? 1,
  };
}
