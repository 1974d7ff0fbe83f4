// Builds an index from a vector file: what buildIndex() and planIndex() of the library are. The file is opened
// here only to learn how its rows lie; the addon reads them.
import { availableParallelism } from 'node:os';
import {
  loadNative,
  type Native,
  type NativeBuildOptions,
  type NativeBuildPlan,
  type NativeBuildReport,
  type NativeMetric,
  type NativeProgress,
} from '../binding.js';
import { openVectorSource, vectorShape } from '../source/vector-source.js';
import { cancellable } from './cancellable.js';
import { withFlatRows } from './flat-rows.js';

export interface BuildIndexOptions {
  /**
   * Path of a vector file: .fvecs .bvecs .fbin .u8bin .i8bin .npy, read in bounded memory; or .parquet .arrow .hdf5
   * .jsonl[.gz], of which the vectors are written to a temporary file first. `path#name` chooses a column.
   */
  data: string;
  /** The file's format, for a name that does not tell it: 'fvecs', 'npy', ... */
  format?: string;
  /** Folder to create; its parent must exist, it must not. */
  index: string;
  /**
   * What "near" means; 'l2' by default. Distances ascend, smaller is nearer: 'l2' is the squared Euclidean
   * distance, 'cosine' 1 - cosine similarity, 'dot' minus the inner product, 'l1' the sum of absolute
   * differences.
   */
  metric?: NativeMetric;
  /** Most neighbours a node keeps (R of the Vamana paper), 4 to 126; 24 by default. */
  degree?: number;
  /** Beam of the searches that find them (L), at least `degree`; 100 by default. */
  buildList?: number;
  /** How much longer a detour may be before an edge is kept (alpha), 1 to 4; 1.2 by default. */
  alpha?: number;
  /**
   * Order of the rows on disk and in the graph, when the build fits in memory: 'bisection' (recursive graph bisection,
   * Dhulipala et al., KDD 2016), the default, 'kmeans' (a balanced 2-means tree of the vectors) or 'bfs' (breadth first
   * from the entry), which are there to be compared with.
   */
  order?: 'bisection' | 'kmeans' | 'bfs';
  /**
   * Code kept in RAM for every vector: 'pq' (product quantisation), 'rabitq' (a rotated scalar code) or 'auto', the
   * default, which trains both and keeps the one that ranks a sample better.
   */
  code?: 'pq' | 'rabitq' | 'auto';
  /** Bytes of that code a vector, at most, 1 to 8192; 68 by default. */
  codeBytes?: number;
  /** Most bytes of RAM that the whole process may use; no limit by default. */
  memoryLimit?: number;
  /** Threads to build with; all processors by default. The index is the same whatever their number. */
  threads?: number;
  /** Of everything random; 1 by default. Equal input, options and seed give equal files but for their uuid. */
  seed?: number;
  /** Stops the build; nothing is left behind. */
  signal?: AbortSignal;
  /**
   * Hears the stage ('read', 'train', 'graph', 'reorder', 'write') and its progress about ten times a second.
   * If it throws, the build stops and rejects with what was thrown.
   */
  onProgress?: (progress: BuildProgress) => void;
}

export type BuildProgress = NativeProgress;
/**
 * How a build will go, and the bytes it will hold where it holds most, by purpose; `peakBytes`, their sum, is what
 * `memoryLimit` is held against.
 */
export type BuildPlan = NativeBuildPlan;
/** Rows, seconds by stage, peak resident bytes, mean degree, bits an edge, file sizes. */
export type BuildReport = NativeBuildReport;

/**
 * Builds an index of all rows of a vector file. Row i of the file is row i of every result.
 *
 * The graph is a Vamana graph (Subramanya et al., "DiskANN: Fast Accurate Billion-point Nearest Neighbor
 * Search on a Single Node", NeurIPS 2019), stored compressed, with a short code a vector: product-quantised (Jegou
 * et al., "Product Quantization for Nearest Neighbor Search", TPAMI 2011) or scalar (Gao and Long, "RaBitQ:
 * Quantizing High-Dimensional Vectors with a Theoretical Error Bound", SIGMOD 2024). The folder appears, whole and
 * durable, when the promise resolves, and not before.
 *
 * @throws VamanaError NOT_FOUND, BAD_VECTOR_FILE, NOT_FINITE (with row and offset), ALREADY_EXISTS,
 *   INVALID_ARGUMENT, UNSUPPORTED, MEMORY_LIMIT (with the least that would do), DISK_FULL, IO, BUSY (builds are
 *   queued already), ABORTED.
 */
export async function buildIndex(options: BuildIndexOptions): Promise<BuildReport> {
  const native = loadNative();
  const { signal, onProgress } = options;
  return cancellable(native, signal, async (cancel) => {
    return withFlatRows(options, async (rows) => {
      const nativeOptions = await resolveOptions(native, { ...options, ...rows });
      return native.build(nativeOptions, cancel, onProgress ?? null);
    });
  });
}

/**
 * What buildIndex() with these options would need, without doing it.
 *
 * @throws VamanaError as buildIndex(); MEMORY_LIMIT when `memoryLimit` is too small.
 */
export async function planIndex(options: BuildIndexOptions): Promise<BuildPlan> {
  const native = loadNative();
  return cancellable(native, options.signal, () =>
    withFlatRows(options, async (rows) => native.planBuild(await resolveOptions(native, { ...options, ...rows }))),
  );
}

async function resolveOptions(native: Native, options: BuildIndexOptions): Promise<NativeBuildOptions> {
  const { defaults } = native.constants;
  const source = await openVectorSource(options.data, options.format === undefined ? {} : { format: options.format });
  try {
    return {
      source: vectorShape(source),
      dir: options.index,
      metric: options.metric ?? 'l2',
      degree: options.degree ?? defaults.degree,
      buildList: options.buildList ?? defaults.buildList,
      alpha: options.alpha ?? defaults.alpha,
      order: options.order ?? 'bisection',
      code: options.code ?? 'auto',
      codeBytes: options.codeBytes ?? defaults.codeBytes,
      memoryLimit: options.memoryLimit ?? 0,
      threads: options.threads ?? availableParallelism(),
      seed: options.seed ?? 1,
    };
  } finally {
    source.close();
  }
}
