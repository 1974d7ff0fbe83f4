// Points as answers hold them, put together from the metadata and, where they are asked for, the vectors: one
// batched read of each, whatever the number of points. Shared by search results, retrieve and scroll.
import type { NativeElement } from '../binding.js';
import { VamanaError } from '../errors.js';
import type { MetaSnapshot } from '../meta/meta-snapshot.js';
import type { RowRecord } from '../meta/meta-tables.js';
import { decodePayload } from '../payload/payload-codec.js';
import { type PayloadSelection, selectPayload } from '../payload/payload-selection.js';
import type { Payload, PointId } from '../payload/point.js';
import { createVectorData, elementBytes } from '../source/formats.js';
import { halvesToFloats } from '../source/half.js';
import { Turns } from './turns.js';

/** Half floats are returned as f32. */
export type PointVector = Float32Array | Uint8Array | Int8Array;

export interface Point {
  id: PointId;
  /** The sequence number of the last change. */
  version: number;
  /** Absent when none was asked for; null when the point has none. */
  payload?: Payload | null;
  /** Absent when none was asked for. */
  vector?: PointVector;
}

/** Vectors by row, from the snapshot that the rows come from. */
export interface VectorReader {
  dim: number;
  element: NativeElement;
  /** found[i] = 0 where the row holds no live vector. */
  fetch(rows: Uint32Array): Promise<{ found: Uint8Array; vectors: Uint8Array }>;
}

export interface PointOptions {
  payload: PayloadSelection;
  /** Given when answers shall hold vectors. */
  vectors?: VectorReader;
  /** Read the pages in on another thread first: slower when they are in memory already. */
  prefetch?: boolean;
}

/** The points of rows that are live in the snapshot, in their order. CORRUPT for any other row. */
export async function assemblePoints(
  meta: MetaSnapshot,
  rows: Uint32Array,
  { payload, vectors, prefetch }: PointOptions,
): Promise<Point[]> {
  const reading = vectors === undefined || rows.length === 0 ? undefined : readVectors(vectors, rows);
  try {
    if (prefetch === true) await meta.prefetch(rows);
    const points = rows.length <= SLICE_ROWS ? assembleSlice(meta, rows, payload) : await inTurns(meta, rows, payload);
    const read = await reading;
    if (read === undefined) return points;
    return points.map((point, at) => ({ ...point, vector: read[at] as PointVector }));
  } finally {
    // Its failure is lost only when there is another one to tell.
    await reading?.catch(() => undefined);
  }
}

/** So many take a millisecond or so. */
const SLICE_ROWS = 128;

async function inTurns(meta: MetaSnapshot, rows: Uint32Array, selection: PayloadSelection): Promise<Point[]> {
  const points: Point[] = [];
  const turns = new Turns();
  for (let from = 0; from < rows.length; from += SLICE_ROWS) {
    const turn = turns.next();
    if (turn !== undefined) await turn;
    points.push(...assembleSlice(meta, rows.subarray(from, from + SLICE_ROWS), selection));
  }
  return points;
}

function assembleSlice(meta: MetaSnapshot, rows: Uint32Array, selection: PayloadSelection): Point[] {
  return meta.recordsOf(rows).map((record, at) => assemble(record ?? missing(rows[at] as number), selection));
}

function assemble({ id, seq, payload }: RowRecord, selection: PayloadSelection): Point {
  if (selection.kind === 'none') return { id, version: seq };
  const shown = payload === null ? null : selectPayload(decodePayload(payload), selection);
  return { id, version: seq, payload: shown };
}

async function readVectors(reader: VectorReader, rows: Uint32Array): Promise<PointVector[]> {
  const { dim, element } = reader;
  const { found, vectors } = await reader.fetch(rows);
  const bytes = dim * elementBytes(element);
  return Array.from(rows, (row, at) => {
    if (found[at] === 0) missing(row);
    const own = Uint8Array.prototype.slice.call(vectors, at * bytes, (at + 1) * bytes);
    const data = createVectorData(element, dim, own.buffer as ArrayBuffer);
    return data instanceof Uint16Array ? halvesToFloats(data) : (data as PointVector);
  });
}

function missing(row: number): never {
  throw new VamanaError(
    'CORRUPT',
    `row ${row} is live in one of vectors and metadata only; run vamana verify on the collection`,
  );
}
