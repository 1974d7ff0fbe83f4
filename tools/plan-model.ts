// What an index of so many rows will take, computed without data: bytes in memory and on the disk by part, pages read a
// query, time of the build. Sizes follow from the formats; what depends on data comes from measurements, which stand
// here with where they are from and how far other data may be from them. Pure. Called by plan.ts.
import { VamanaError } from '../src/errors.js';
import type { Metric, VectorElement } from '../src/index.js';
import { elementBytes } from '../src/source/formats.js';

export interface PlanInput {
  rows: number;
  dim: number;
  element: VectorElement;
  metric: Metric;
  /** Of the process that searches. */
  memoryBytes: number;
  cacheBytes: number;
  threads: number;
}

/** Degree and code: what decides the bytes of RAM a row. */
export interface Shape {
  degree: number;
  codeBytes: number;
}

export interface ShapePlan extends Shape {
  /** Whole bits of a scalar code a dimension; 0 where only product quantisation is possible. */
  bitsPerDimension: number;
  memory: { graph: number; codes: number; cache: number; process: number; total: number };
  bytesPerRow: number;
  fits: boolean;
  /** Pages a query for recall@10; null where nothing was measured. */
  reads: { at95: number | null; at99: number | null };
}

export interface Constant {
  what: string;
  value: string;
  from: string;
  error: string;
}

const PAGE = 4096;
const CHECKSUM = 4;
const ROW_ID = 4;
const HEADER = 4096;
/** Of the packed graph: a u64 and 64 u16 for every 64 nodes. */
const DIRECTORY_BYTES = (8 + 64 * 2) / 64;
const RABITQ_FACTORS = 4;
const RABITQ_BITS_MAX = 8;
const LINE = 64;
/** Codes lie whole in cache lines where that wastes at most so much. */
const LINE_WASTE = 1 / 8;

/** Node with the addon, search scratch, file buffers: what a searching process holds beside graph, codes and cache. */
const PROCESS_BYTES = 85e6;
/** Bits an edge at a million rows and degree 24, growth a doubling of the rows, and change an edge of the degree. */
const EDGE = { bits: 12.66, perDoubling: 0.57, perDegree: -0.056 };
const EDGE_ROWS = 1e6;
const EDGE_DEGREE = 24;

/** Reads at recall@10 of 0.95 and 0.99 by bits a dimension, a million SIFT vectors, 31 records a page. */
const READS: readonly (readonly [bits: number, at95: number, at99: number])[] = [
  [2, 26.1, 47.1],
  [3, 14.71, 20.97],
  [4, 11.64, 14.56],
];
const READS_RECORDS = 31;
/** Reads of one record a page against 31: 15.2 candidates are ranked where 11.7 pages are read. */
const READS_ALONE = 1.3;

/** Processor time of a build: of training, and microseconds a row of linking at a million rows and of all else. */
const BUILD = { trainSeconds: 8, linkUs: 100, restUs: 41 };
const BUILD_ROWS = 1e6;
/** Linking compares vectors: its time grows with their bytes, and with what a comparison costs besides. */
const BUILD_ROW_BYTES = 128;
const BUILD_CALL_BYTES = 8;

export const CONSTANTS: readonly Constant[] = [
  {
    what: 'bits an edge',
    value: `${EDGE.bits} at 10^6 rows, ${EDGE.perDoubling} more a doubling of the rows`,
    from: 'SIFT, 30k to 1M rows (docs/planning.md)',
    error: '1% there, 5% on word vectors of 117k rows; not measured past 10^6 rows',
  },
  {
    what: 'process',
    value: `${PROCESS_BYTES / 1e6} MB`,
    from: 'searches of SIFT, 2 threads (docs/results.md)',
    error: '30%: more threads and dimensions take more',
  },
  {
    what: 'reads a query',
    value: READS.map(([bits, at95, at99]) => `${bits} bits: ${at95} / ${at99}`).join('; '),
    from: 'SIFT, recall@10 of 0.95 / 0.99 (docs/choices.md)',
    error: 'a factor of two either way: words at 2 bits a dimension take 12.7 / 16.5',
  },
  {
    what: 'build, processor time',
    value: `${BUILD.trainSeconds} s, and a row ${BUILD.linkUs} us (more with log(rows) and bytes) + ${BUILD.restUs} us`,
    from: 'SIFT, 100k to 1M rows; words of 512 bytes (docs/planning.md)',
    error: '15% there; elsewhere a factor of two; partitions link every row twice',
  },
];

/** INVALID_ARGUMENT for what no index can be. */
export function checkPlanInput(input: PlanInput, limits: { maxRows: number; maxDimension: number }): void {
  const { rows, dim, memoryBytes, cacheBytes, threads } = input;
  const whole = (name: string, value: number, most: number): void => {
    if (Number.isSafeInteger(value) && value >= 1 && value <= most) return;
    throw new VamanaError('INVALID_ARGUMENT', `${name}: found ${value}, expected a whole number from 1 to ${most}`);
  };
  whole('rows', rows, limits.maxRows - 1);
  whole('dim', dim, limits.maxDimension);
  whole('threads', threads, 1024);
  const least = PROCESS_BYTES + cacheBytes;
  if (memoryBytes > least) return;
  throw new VamanaError(
    'INVALID_ARGUMENT',
    `memory: found ${memoryBytes} bytes, but a process with its cache takes ${least} before it holds one row`,
  );
}

export function recordBytes({ dim, element }: Pick<PlanInput, 'dim' | 'element'>): number {
  return dim * elementBytes(element) + ROW_ID;
}

/** How records lie in pages (native/format/segment_format.h). */
export function slotOf(record: number): { records: number; pages: number } {
  const records = Math.floor((PAGE - CHECKSUM) / record);
  return records >= 1 ? { records, pages: 1 } : { records: 1, pages: Math.ceil((record + CHECKSUM) / PAGE) };
}

/** Bytes of the four files. */
export function diskBytes(input: PlanInput, shape: Shape): Record<'vectors' | 'graph' | 'codes' | 'rows', number> {
  const { rows } = input;
  const slot = slotOf(recordBytes(input));
  return {
    vectors: HEADER + Math.ceil(rows / slot.records) * slot.pages * PAGE,
    graph: HEADER + Math.round(rows * graphBytesPerRow(rows, shape.degree)),
    codes: HEADER + Math.round(rows * storedCode(input, shape.codeBytes).bytes),
    rows: HEADER + 4 * rows,
  };
}

export function bitsPerEdge(rows: number, degree: number): number {
  const bits = EDGE.bits + EDGE.perDoubling * Math.log2(rows / EDGE_ROWS) + EDGE.perDegree * (degree - EDGE_DEGREE);
  // Few rows have short gaps, but a list has its header and selectors all the same.
  return Math.max(6, bits);
}

function graphBytesPerRow(rows: number, degree: number): number {
  return (degree * bitsPerEdge(rows, degree)) / 8 + DIRECTORY_BYTES;
}

function storedCode(
  { dim, metric }: Pick<PlanInput, 'dim' | 'metric'>,
  codeBytes: number,
): { bytes: number; bits: number } {
  // The scalar code has no form for l1.
  const bitsMax = metric === 'l1' ? 0 : RABITQ_BITS_MAX;
  const bits = Math.min(bitsMax, Math.floor(((codeBytes - RABITQ_FACTORS) * 8) / dim));
  const pq = Math.min(codeBytes, dim);
  const bytes = Math.max(pq, bits >= 1 ? RABITQ_FACTORS + Math.ceil((dim * bits) / 8) : 0);
  const lines = Math.ceil(bytes / LINE) * LINE;
  const inLines = bytes < LINE ? LINE / Math.floor(LINE / bytes) : lines;
  return { bytes: (inLines - bytes) / inLines <= LINE_WASTE ? inLines : bytes, bits: Math.max(0, bits) };
}

export function planShape(input: PlanInput, shape: Shape): ShapePlan {
  const { rows, cacheBytes, memoryBytes } = input;
  const code = storedCode(input, shape.codeBytes);
  const graph = Math.round(rows * graphBytesPerRow(rows, shape.degree));
  const codes = Math.round(rows * code.bytes);
  const total = graph + codes + cacheBytes + PROCESS_BYTES;
  return {
    ...shape,
    bitsPerDimension: code.bits,
    memory: { graph, codes, cache: cacheBytes, process: PROCESS_BYTES, total },
    bytesPerRow: (graph + codes) / rows,
    fits: total <= memoryBytes,
    reads: expectedReads(code.bits, slotOf(recordBytes(input))),
  };
}

function expectedReads(bits: number, slot: { records: number; pages: number }): ShapePlan['reads'] {
  const row = READS.findLast(([measured]) => measured <= bits);
  if (row === undefined) return { at95: null, at99: null };
  const apart = 1 - Math.min(1, Math.log(slot.records) / Math.log(READS_RECORDS));
  const factor = (1 + (READS_ALONE - 1) * apart) * slot.pages;
  return { at95: row[1] * factor, at99: row[2] * factor };
}

/** Shapes worth a thought, best first: fewest reads, and among equals the one with most edges. */
export function shapesFor(input: PlanInput): ShapePlan[] {
  const bits = [4, 3, 2, 1];
  const codes = bits.map((each) => RABITQ_FACTORS + Math.ceil((input.dim * each) / 8));
  return codes.flatMap((codeBytes) => [32, 24, 16].map((degree) => planShape(input, { degree, codeBytes })));
}

/**
 * The software's own shape where it fits and its reads are known; else the shape of fewest known reads that fits; else
 * one that fits at all; else its own.
 */
export function chooseShape(own: ShapePlan, shapes: readonly ShapePlan[]): ShapePlan {
  const known = ({ fits, reads }: ShapePlan): boolean => fits && reads.at95 !== null;
  if (known(own)) return own;
  return shapes.find(known) ?? [own, ...shapes].find(({ fits }) => fits) ?? own;
}

/** The most rows that a shape would hold in the memory given. */
export function rowsThatFit(input: PlanInput, shape: Shape, most: number): number {
  const fits = (rows: number): boolean => planShape({ ...input, rows }, shape).fits;
  let [low, high] = [0, most];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (fits(middle)) low = middle;
    else high = middle;
  }
  return fits(high) ? high : low;
}

/** Seconds on `threads`; with several partitions every row is linked twice. */
export function buildSeconds(input: PlanInput, partitions: number): number {
  const { rows, threads, dim, element } = input;
  const depth = Math.max(1, Math.log2(rows)) / Math.log2(BUILD_ROWS);
  const size = (dim * elementBytes(element) + BUILD_CALL_BYTES) / (BUILD_ROW_BYTES + BUILD_CALL_BYTES);
  const link = BUILD.linkUs * depth * size * (partitions > 1 ? 2 : 1);
  return (BUILD.trainSeconds + (rows * (link + BUILD.restUs)) / 1e6) / threads;
}

/** Neighbour lists that a build in partitions keeps in files while it runs (docs/memory-limit.md). */
export function spillBytes({ rows }: PlanInput, { degree }: Shape, partitions: number): number {
  return partitions === 1 ? 0 : Math.round(rows * 2 * ((degree * 2) / 3 + 2) * 4);
}
