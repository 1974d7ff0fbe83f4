// Points as answers hold them, put together from the metadata and, where they are asked for, the vectors: one
// batched read of each, whatever the number of points. Shared by search results, retrieve and scroll.
import type { NativeElement } from '../binding.js';
import { VamanaError } from '../errors.js';
import type { MetaSnapshot } from '../meta/meta-snapshot.js';
import { hasVectorIn, type RowRecord } from '../meta/meta-tables.js';
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
  /** The one without a name; absent when it was not asked for, and where the point has none. */
  vector?: PointVector;
  /** Where vectors have names: those that were asked for, as far as the point has them. */
  vectors?: Readonly<Record<string, PointVector>>;
}

/** Vectors of one space by row, from the snapshot that the rows come from. */
export interface VectorReader {
  dim: number;
  element: NativeElement;
  /** found[i] = 0 where the row holds no live vector. */
  fetch(rows: Uint32Array): Promise<{ found: Uint8Array; vectors: Uint8Array }>;
}

/** Of the space of that name and number. */
export interface NamedReader extends VectorReader {
  name: string;
  number: number;
}

export interface PointOptions {
  payload: PayloadSelection;
  /** Given when answers shall hold the one vector of each point. */
  vectors?: VectorReader;
  /** Given, instead, where vectors have names. */
  named?: readonly NamedReader[];
  /** Read the pages in on another thread first: slower when they are in memory already. */
  prefetch?: boolean;
}

/** The points of rows that are live in the snapshot, in their order. CORRUPT for any other row. */
export async function assemblePoints(
  meta: MetaSnapshot,
  rows: Uint32Array,
  { payload, vectors, named, prefetch }: PointOptions,
): Promise<Point[]> {
  const reading = vectors === undefined || rows.length === 0 ? undefined : readVectors(vectors, rows);
  try {
    if (prefetch === true) await meta.prefetch(rows);
    const spaces: Source['spaces'] = [];
    const source = { meta, payload, spaces };
    const points = rows.length <= SLICE_ROWS ? assembleSlice(source, rows) : await inTurns(source, rows);
    if (named !== undefined) await addNamed(points, spaces, rows, named);
    const read = await reading;
    if (read === undefined) return points;
    return points.map((point, at) => ({ ...point, vector: read[at] as PointVector }));
  } finally {
    // Its failure is lost only when there is another one to tell.
    await reading?.catch(() => undefined);
  }
}

const FIRST_ONLY: Pick<RowRecord, 'spaces'> = {};

/** So many take a millisecond or so. */
const SLICE_ROWS = 128;

/** Where points come from; of each that was read the spaces in which it has a vector are left in it. */
interface Source {
  meta: MetaSnapshot;
  payload: PayloadSelection;
  spaces: Pick<RowRecord, 'spaces'>[];
}

async function inTurns(source: Source, rows: Uint32Array): Promise<Point[]> {
  const points: Point[] = [];
  const turns = new Turns();
  for (let from = 0; from < rows.length; from += SLICE_ROWS) {
    const turn = turns.next();
    if (turn !== undefined) await turn;
    points.push(...assembleSlice(source, rows.subarray(from, from + SLICE_ROWS)));
  }
  return points;
}

function assembleSlice({ meta, payload, spaces }: Source, rows: Uint32Array): Point[] {
  return meta.recordsOf(rows).map((found, at) => {
    const record = found ?? missing(rows[at] as number);
    // Not the record itself: its payload would stay in memory for as long as the rest is read.
    spaces.push(record.spaces === undefined ? FIRST_ONLY : { spaces: record.spaces });
    return assemble(record, payload);
  });
}

function assemble({ id, seq, payload }: RowRecord, selection: PayloadSelection): Point {
  if (selection.kind === 'none') return { id, version: seq };
  const shown = payload === null ? null : selectPayload(decodePayload(payload), selection);
  return { id, version: seq, payload: shown };
}

// Of each space the vectors of those points that have one there.
async function addNamed(
  points: Point[],
  spaces: Source['spaces'],
  rows: Uint32Array,
  readers: readonly NamedReader[],
): Promise<void> {
  const all = await Promise.all(
    readers.map(async (reader) => {
      const places = [...points.keys()].filter((at) => hasVectorIn(spaces[at] ?? FIRST_ONLY, reader.number));
      const own = Uint32Array.from(places, (at) => rows[at] as number);
      return { name: reader.name, places, read: own.length === 0 ? [] : await readVectors(reader, own) };
    }),
  );
  for (const point of points) point.vectors = {};
  for (const { name, places, read } of all) {
    for (const [at, place] of places.entries()) {
      const point = points[place] as Point;
      if (name === '') point.vector = read[at] as PointVector;
      // Not by assignment: a vector may be called __proto__.
      else define(point.vectors as object, name, read[at]);
    }
  }
}

function define(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });
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
