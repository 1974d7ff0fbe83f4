// The points that `vamana import` writes: rows of a vector file, each with an id and, where there are any, a payload,
// from a row on. The three files are read side by side in bounded memory, and must be of one length.
import { VamanaError } from '../src/errors.js';
import type { Payload, PointInput, VectorElement } from '../src/index.js';
import { createCast } from '../src/source/cast.js';
import { invalidArgument } from '../src/source/faults.js';
import { requireFinite } from '../src/source/finite.js';
import type { IdList } from '../src/source/id-list.js';
import { readLines } from '../src/source/lines.js';
import type { VectorSource } from '../src/source/vector-source.js';

export interface ImportFiles {
  source: VectorSource;
  /** Row numbers are the ids where there is none. */
  ids: { path: string; list: IdList } | undefined;
  /** Path of a file with a JSON object a line. */
  payload: string | undefined;
}

export async function* readPoints(
  { source, ids, payload }: ImportFiles,
  start: number,
  element: VectorElement,
): AsyncGenerator<PointInput, void> {
  const cast = createCast(source.path, source.dim, source.element, element);
  const idsInOrder = ids === undefined ? undefined : iterate(ids.list.ids(start));
  const payloads = payload === undefined ? undefined : iterate(readPayloads(payload, start));
  try {
    for await (const window of source.windows({ start })) {
      requireFinite(source, window);
      const data = cast.apply(window);
      for (let at = 0; at < window.rows; at += 1) {
        const row = window.firstRow + at;
        const id = idsInOrder === undefined ? row : await take(idsInOrder, ids?.path ?? '', row, source);
        const vector = data.subarray(at * source.dim, (at + 1) * source.dim) as PointInput['vector'];
        if (payloads === undefined) yield { id, vector };
        else yield { id, vector, payload: await take(payloads, payload ?? '', row, source) };
      }
    }
    if (idsInOrder !== undefined) await requireEnd(idsInOrder, ids?.path ?? '', source);
    if (payloads !== undefined) await requireEnd(payloads, payload ?? '', source);
  } finally {
    await idsInOrder?.return?.();
    await payloads?.return?.();
  }
}

async function* readPayloads(path: string, start: number): AsyncGenerator<Payload | null, void> {
  for await (const { text, number } of readLines(path, start)) yield parsePayload(path, number, text);
}

function parsePayload(path: string, number: number, text: string): Payload | null {
  if (text.trim() === '') return null;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new VamanaError('INVALID_ARGUMENT', `${path}: line ${number} is no JSON: ${reason}`, { cause });
  }
  if (value === null) return null;
  if (typeof value === 'object' && !Array.isArray(value)) return value as Payload;
  throw invalidArgument(`${path}: line ${number} is no JSON object: payloads are objects, or null for none`);
}

function iterate<T>(items: AsyncIterable<T>): AsyncIterator<T> {
  return items[Symbol.asyncIterator]();
}

async function take<T>(items: AsyncIterator<T>, path: string, row: number, source: VectorSource): Promise<T> {
  const { done, value } = await items.next();
  if (done !== true) return value;
  throw invalidArgument(
    `${path} ends after ${row} entries, but ${source.path} has ${source.rows} rows; expected one a row`,
  );
}

async function requireEnd(items: AsyncIterator<unknown>, path: string, source: VectorSource): Promise<void> {
  if ((await items.next()).done === true) return;
  throw invalidArgument(
    `${path} has more entries than the ${source.rows} rows of ${source.path}; all rows are imported, but do they belong together?`,
  );
}
