// Finds the cheapest way to search an index with a recall: tuneIndex() of the library. Half of the queries choose list
// size and rerank depth, the other half, held out, say what the choice is worth. Nothing here depends on time: a choice
// is judged by its pages read, so that the same index and queries give the same answer on any machine.
import { loadNative } from '../binding.js';
import { VamanaError } from '../errors.js';
import { NO_ROW } from '../limits.js';
import { kthTrueDistances } from './index-recall.js';
import type { SearchOptions, VectorIndex } from './open-index.js';
import type { QueryVectors } from './query-batch.js';
import { type RecallInput, recallOfEach } from './recall.js';
import type { Tuning } from './tuning-file.js';

export interface TuneOptions {
  /** Queries like those to come, count x dim; see VectorIndex.search. 40 at least; some thousands are better. */
  queries: QueryVectors;
  /** Exact neighbours of each query, nearest first, `truthWidth` a query; found by scans when left out. */
  truth?: Uint32Array | Int32Array;
  truthWidth?: number;
  /** Results a query; 10 by default. */
  k?: number;
  /** Share of right results, ties included, to be reached. */
  targetRecall: number;
  signal?: AbortSignal;
  /** Hears of every setting tried. */
  onTrial?: (trial: TuneTrial) => void;
}

export interface TuneTrial {
  listSize: number;
  rerank: 'auto' | number;
  /** Over the queries that choose. */
  recall: number;
  standardError: number;
  /** Pages fetched a query. */
  reads: number;
}

export interface TuneReport {
  tuning: Tuning;
  trials: TuneTrial[];
}

/** What of an open index tuning takes. */
export type TunableIndex = Pick<VectorIndex, 'info' | 'search' | 'distancesToRows'>;

interface Part {
  data: QueryVectors;
  dim: number;
  count: number;
  truth: Uint32Array;
}

const QUERIES_LEAST = 40;
const CHUNK = 256;
/** A fixed depth is taken instead of the adaptive one only where it saves so much of the reads. */
const WORTH = 0.95;
const LONGER_LIST = 1.25;

/**
 * The least list size whose recall is above the target by one standard error on half of the queries, and at it the
 * adaptive rerank depth or a fixed one that reads less. Open the index without a page cache, or reads are not told.
 *
 * @throws VamanaError INVALID_ARGUMENT; UNSUPPORTED when no list size reaches the target; as VectorIndex.search().
 */
export async function tuneIndex(index: TunableIndex, options: TuneOptions): Promise<TuneReport> {
  const { k = 10, targetRecall } = options;
  if (!(targetRecall > 0 && targetRecall <= 1)) {
    throw new VamanaError('INVALID_ARGUMENT', `targetRecall: found ${targetRecall}, expected above 0 and at most 1`);
  }
  const parts = await splitQueries(index, options, k);
  const run = new Tuner(index, parts.choosing, k, options);
  const adaptive = await run.leastListSize();
  const chosen = await run.withFixedDepth(adaptive);
  const held = await measure(index, parts.heldOut, k, chosen, options.signal);
  const { listSize, rerank } = chosen;
  const heldOut = {
    queries: parts.heldOut.count,
    recall: short(held.recall),
    standardError: short(held.standardError),
    reads: short(held.reads),
  };
  const createdAt = new Date().toISOString();
  return {
    tuning: { uuid: index.info.uuid, k, targetRecall, listSize, rerank, heldOut, createdAt },
    trials: run.trials,
  };
}

class Tuner {
  readonly trials: TuneTrial[] = [];

  constructor(
    private readonly index: TunableIndex,
    private readonly part: Part,
    private readonly k: number,
    private readonly options: TuneOptions,
  ) {}

  /** Doubled until it is enough, then halved down to the least. */
  async leastListSize(): Promise<TuneTrial> {
    const most = this.longest();
    let tooSmall = this.k - 1;
    let trial = await this.try({ listSize: this.k, rerank: 'auto' });
    while (!this.reaches(trial)) {
      if (trial.listSize === most) throw unreachable(trial, this.options.targetRecall);
      tooSmall = trial.listSize;
      trial = await this.try({ listSize: Math.min(most, trial.listSize * 2), rerank: 'auto' });
    }
    return this.bisect(trial, tooSmall, trial.listSize, (listSize) => ({ listSize, rerank: 'auto' }));
  }

  /** A fixed depth, there or at a list that is a quarter longer, where it reads clearly less; else what was given. */
  async withFixedDepth(adaptive: TuneTrial): Promise<TuneTrial> {
    let best = adaptive;
    const longer = Math.min(this.longest(), Math.ceil(adaptive.listSize * LONGER_LIST));
    for (const listSize of new Set([adaptive.listSize, longer])) {
      const trial = await this.leastDepth(listSize);
      if (trial !== undefined && trial.reads < WORTH * adaptive.reads && trial.reads < best.reads) best = trial;
    }
    return best;
  }

  private async leastDepth(listSize: number): Promise<TuneTrial | undefined> {
    const deepest = await this.try({ listSize, rerank: listSize });
    if (!this.reaches(deepest)) return undefined;
    return this.bisect(deepest, this.k - 1, listSize, (rerank) => ({ listSize, rerank }));
  }

  /** The least value above `tooSmall` that is enough, as `largest` is, whose trial is `enough`. */
  private async bisect(
    enough: TuneTrial,
    tooSmall: number,
    largest: number,
    setting: (value: number) => Pick<TuneTrial, 'listSize' | 'rerank'>,
  ): Promise<TuneTrial> {
    let [low, high, best] = [tooSmall, largest, enough];
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      const trial = await this.try(setting(middle));
      if (this.reaches(trial)) [high, best] = [middle, trial];
      else low = middle;
    }
    return best;
  }

  private async try(setting: Pick<TuneTrial, 'listSize' | 'rerank'>): Promise<TuneTrial> {
    const trial = await measure(this.index, this.part, this.k, setting, this.options.signal);
    this.trials.push(trial);
    this.options.onTrial?.(trial);
    return trial;
  }

  /** A list longer than the index has rows finds nothing more. */
  private longest(): number {
    return Math.min(loadNative().constants.maxListSize, Math.max(this.k, this.index.info.rows));
  }

  private reaches({ recall, standardError }: TuneTrial): boolean {
    // All right is all right, and has no error.
    return recall - standardError >= this.options.targetRecall;
  }
}

// Without the last digits of floating point, since people read the file.
function short(value: number): number {
  return Number(value.toPrecision(6));
}

function unreachable({ listSize, recall, standardError }: TuneTrial, target: number): VamanaError {
  const found = `recall ${recall.toFixed(4)} (standard error ${standardError.toFixed(4)}) with a list size of ${listSize}`;
  const advice = 'aim lower, give more queries, or build with a larger degree or longer codes';
  return new VamanaError(
    'UNSUPPORTED',
    `target recall ${target} is out of reach: found ${found}, the most possible; ${advice}`,
  );
}

async function measure(
  index: TunableIndex,
  part: Part,
  k: number,
  { listSize, rerank }: Pick<TuneTrial, 'listSize' | 'rerank'>,
  signal: AbortSignal | undefined,
): Promise<TuneTrial> {
  const found = await searchAll(index, part, { k, listSize, rerank, costs: true, ...(signal ? { signal } : {}) });
  const { rows, distances } = found;
  const input: RecallInput = { rows, distances, count: part.count, k, noRow: NO_ROW, truth: part.truth, truthWidth: k };
  const recalls = recallOfEach(input, await kthTrueDistances(index, part, input));
  const recall = recalls.reduce((sum, each) => sum + each, 0) / recalls.length;
  const variance = recalls.reduce((sum, each) => sum + (each - recall) ** 2, 0) / Math.max(1, recalls.length - 1);
  return { listSize, rerank, recall, standardError: Math.sqrt(variance / recalls.length), reads: found.reads };
}

interface Found {
  rows: Uint32Array;
  distances: Float32Array;
  reads: number;
}

async function searchAll(index: TunableIndex, { data, dim, count }: Part, options: SearchOptions): Promise<Found> {
  const k = options.k ?? 10;
  const found: Found = { rows: new Uint32Array(count * k), distances: new Float32Array(count * k), reads: 0 };
  for (let first = 0; first < count; first += CHUNK) {
    const end = Math.min(count, first + CHUNK);
    const result = await index.search(data.subarray(first * dim, end * dim), options);
    found.rows.set(result.rows, first * k);
    found.distances.set(result.distances, first * k);
    for (const reads of result.costs?.reads ?? []) found.reads += reads / count;
  }
  return found;
}

/** Even queries choose, odd ones are held out: two halves alike, however the file is sorted. */
async function splitQueries(
  index: TunableIndex,
  { queries, truth, truthWidth = 0, signal }: TuneOptions,
  k: number,
): Promise<{ choosing: Part; heldOut: Part }> {
  const { dim, rows } = index.info;
  const count = Math.floor(queries.length / dim);
  if (count < QUERIES_LEAST) {
    throw new VamanaError('INVALID_ARGUMENT', `queries: found ${count}, expected at least ${QUERIES_LEAST}`);
  }
  if (k > rows) throw new VamanaError('INVALID_ARGUMENT', `k: found ${k}, but the index has only ${rows} rows`);
  if (truth !== undefined && (truthWidth < k || truth.length !== count * truthWidth)) {
    const expected = `${count} queries of at least ${k} rows each`;
    throw new VamanaError(
      'INVALID_ARGUMENT',
      `truth: found ${truth.length} rows, ${truthWidth} a query, expected ${expected}`,
    );
  }
  const whole: Part = { data: queries, dim, count, truth: new Uint32Array(0) };
  const exact = { k, exact: true, ...(signal ? { signal } : {}) };
  const [ids, width] = truth === undefined ? [(await searchAll(index, whole, exact)).rows, k] : [truth, truthWidth];
  const pick = (from: number): Part => {
    const chosen = Array.from({ length: count }, (_, query) => query).filter((query) => query % 2 === from);
    const data = queries.slice(0, chosen.length * dim);
    const part = new Uint32Array(chosen.length * k);
    for (const [at, query] of chosen.entries()) {
      data.set(queries.subarray(query * dim, (query + 1) * dim), at * dim);
      part.set(ids.subarray(query * width, query * width + k), at * k);
    }
    return { data, dim, count: chosen.length, truth: part };
  };
  return { choosing: pick(0), heldOut: pick(1) };
}
