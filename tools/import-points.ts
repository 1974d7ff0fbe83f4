// The points that `vamana import` writes: rows of a vector file, each with an id and, where there are any, a payload,
// from a row on: columns of the same file, or files beside it. They are read side by side in bounded memory, and must be
// of one length.
import type { Payload, PointIdInput, PointInput, VectorElement } from '../src/index.js';
import { parseExactJson } from '../src/payload/exact-json.js';
import { createCast } from '../src/source/cast.js';
import { invalidArgument } from '../src/source/faults.js';
import { requireFinite } from '../src/source/finite.js';
import type { IdList } from '../src/source/id-list.js';
import { readLines } from '../src/source/lines.js';
import type { VectorSource } from '../src/source/vector-source.js';

export interface ImportFiles {
  /** Opened for the columns that are wanted. */
  source: VectorSource;
  /** Row numbers are the ids where there is none, and no column. */
  ids: { path: string; list: IdList } | undefined;
  /** Path of a file with a JSON object a line. */
  payload: string | undefined;
  /** Path of a file with `{"id":…,"payload":…}` a line, as `export` writes it. */
  points: string | undefined;
}

type Described = Pick<PointInput, 'id' | 'payload'>;

export async function* readPoints(
  files: ImportFiles,
  start: number,
  element: VectorElement,
): AsyncGenerator<PointInput, void> {
  const { source } = files;
  const cast = createCast(source.path, source.dim, source.element, element);
  const beside = new SideFiles(files, start);
  try {
    for await (const window of source.windows({ start })) {
      requireFinite(source, window);
      const data = cast.apply(window);
      for (let at = 0; at < window.rows; at += 1) {
        const row = window.firstRow + at;
        const vector = data.subarray(at * source.dim, (at + 1) * source.dim) as PointInput['vector'];
        const columns: Described = {
          id: window.ids?.[at] ?? row,
          ...(window.payloads === undefined ? {} : { payload: window.payloads[at] ?? null }),
        };
        yield { ...columns, ...(await beside.take(row)), vector };
      }
    }
    await beside.requireEnd();
  } finally {
    await beside.close();
  }
}

/** The files beside the vectors, one entry of each a row. */
class SideFiles {
  private readonly lists: {
    path: string;
    items: AsyncIterator<unknown>;
    describe: (item: unknown) => Partial<Described>;
  }[] = [];

  constructor(
    { ids, payload, points, source }: ImportFiles,
    start: number,
    private readonly rows = source.rows,
    private readonly vectors = source.path,
  ) {
    if (ids !== undefined) this.add(ids.path, ids.list.ids(start), (id) => ({ id: id as PointIdInput }));
    if (payload !== undefined) {
      this.add(payload, readObjects(payload, start), (item) => ({ payload: item as Payload | null }));
    }
    if (points !== undefined) {
      this.add(points, readObjects(points, start), (item) => describePoint(points, item as Payload | null));
    }
  }

  async take(row: number): Promise<Partial<Described>> {
    let found: Partial<Described> = {};
    for (const { path, items, describe } of this.lists) {
      const { done, value } = await items.next();
      if (done === true) {
        const what = `${path} ends after ${row} entries, but ${this.vectors} has ${this.rows} rows`;
        throw invalidArgument(`${what}; expected one a row`);
      }
      found = { ...found, ...describe(value) };
    }
    return found;
  }

  async requireEnd(): Promise<void> {
    for (const { path, items } of this.lists) {
      if ((await items.next()).done === true) continue;
      throw invalidArgument(
        `${path} has more entries than the ${this.rows} rows of ${this.vectors}; all rows are imported, but do they belong together?`,
      );
    }
  }

  async close(): Promise<void> {
    for (const { items } of this.lists) await items.return?.();
  }

  private add(path: string, items: AsyncIterable<unknown>, describe: (item: unknown) => Partial<Described>): void {
    this.lists.push({ path, items: items[Symbol.asyncIterator](), describe });
  }
}

function describePoint(path: string, item: Payload | null): Described {
  const { id, payload = null } = item ?? {};
  if (typeof id !== 'number' && typeof id !== 'bigint' && typeof id !== 'string') {
    throw invalidArgument(`${path}: a line has no id; expected {"id":…,"payload":…} in each`);
  }
  return { id, payload: payload as Payload | null };
}

async function* readObjects(path: string, start: number): AsyncGenerator<Payload | null, void> {
  for await (const { text, number } of readLines(path, start)) yield parseObject(path, number, text);
}

function parseObject(path: string, number: number, text: string): Payload | null {
  if (text.trim() === '') return null;
  let value: unknown;
  try {
    value = parseExactJson(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw invalidArgument(`${path}: line ${number} is no JSON: ${reason}`);
  }
  if (value === null) return null;
  if (typeof value === 'object' && !Array.isArray(value)) return value as Payload;
  throw invalidArgument(`${path}: line ${number} is no JSON object: payloads are objects, or null for none`);
}
