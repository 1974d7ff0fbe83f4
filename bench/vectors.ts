// A vector file in RAM, in its own element type, and exact distances between rows of such files in double precision: by
// what results are judged, whatever distances those who found them report.
import type { Metric, VectorElement } from '../src/index.js';
import type { VectorData } from '../src/source/formats.js';
import { halfToFloat } from '../src/source/half.js';
import { openVectorSource, readRows, vectorElement } from '../src/source/vector-source.js';

/** Halves as their bits. */
export type ElementData = Exclude<VectorData, Int32Array>;

export interface Vectors {
  /** rows x dim. */
  data: ElementData;
  rows: number;
  dim: number;
  element: VectorElement;
  value(index: number): number;
}

/** The first rows, at most `most` of them. */
export async function loadVectors(path: string, most = Number.POSITIVE_INFINITY): Promise<Vectors> {
  const source = await openVectorSource(path);
  try {
    const { dim } = source;
    const rows = Math.min(source.rows, most);
    const element = vectorElement(source);
    const data = (await readRows(source, 0, rows)) as ElementData;
    const value = element === 'f16' ? (at: number) => halfToFloat(data[at] ?? 0) : (at: number) => data[at] ?? 0;
    return { data, rows, dim, element, value };
  } finally {
    source.close();
  }
}

/** A view of one. */
export function rowOf({ data, dim }: Vectors, row: number): ElementData {
  return data.subarray(row * dim, (row + 1) * dim);
}

/** Smaller is nearer. */
export type Distance = (a: Vectors, i: number, b: Vectors, j: number) => number;

export function distanceOf(metric: Metric): Distance {
  return DISTANCES[metric];
}

/** The distance up to which a result is as near as one at `distance`: with the rounding of f32, which found both. */
export function withSlack(distance: number): number {
  return distance + Math.abs(distance) * 1e-6;
}

const DISTANCES: Readonly<Record<Metric, Distance>> = {
  l2: squared,
  l1: absolute,
  cosine,
  dot: (...rows) => -product(...rows),
};

function squared(a: Vectors, i: number, b: Vectors, j: number): number {
  let sum = 0;
  for (let at = 0; at < a.dim; at += 1) sum += (a.value(i * a.dim + at) - b.value(j * a.dim + at)) ** 2;
  return sum;
}

function absolute(a: Vectors, i: number, b: Vectors, j: number): number {
  let sum = 0;
  for (let at = 0; at < a.dim; at += 1) sum += Math.abs(a.value(i * a.dim + at) - b.value(j * a.dim + at));
  return sum;
}

function cosine(a: Vectors, i: number, b: Vectors, j: number): number {
  const lengths = product(a, i, a, i) * product(b, j, b, j);
  return lengths === 0 ? 1 : 1 - product(a, i, b, j) / Math.sqrt(lengths);
}

function product(a: Vectors, i: number, b: Vectors, j: number): number {
  let sum = 0;
  for (let at = 0; at < a.dim; at += 1) sum += a.value(i * a.dim + at) * b.value(j * b.dim + at);
  return sum;
}
