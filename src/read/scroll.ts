// All points in the order of their ids: page by page for a service, or as one iteration for a program. The
// iteration takes a fresh view for every page and goes on by id, because a view that is held keeps LMDB from using
// freed pages again. So each page is of one moment, and all of them together need not be: a point that is written
// meanwhile is seen if its id is still to come. None is seen twice, and none that stays is missed.
import { setImmediate } from 'node:timers/promises';
import type { ReadonlyRoaringBitmap32 } from '../bitmap.js';
import { VamanaError } from '../errors.js';
import type { MetaSnapshot } from '../meta/meta-snapshot.js';
import { comparePointIds } from '../meta/point-id.js';
import type { PayloadSelection } from '../payload/payload-selection.js';
import type { PointId } from '../payload/point.js';
import { assemblePoints, type Point, type PointOptions } from './assemble.js';

export interface ScrollPage {
  points: Point[];
  /** Where the next page starts; null after the last. */
  next: PointId | null;
}

/** Points of the set of rows `within` only; all by default. */
export type PageOptions = PointOptions & { within?: ReadonlyRoaringBitmap32 };

/** Up to `limit` points from `start` (undefined: the first) on. */
export async function scrollPage(
  meta: MetaSnapshot,
  start: PointId | undefined,
  limit: number,
  { within, ...options }: PageOptions,
): Promise<ScrollPage> {
  const entries =
    within === undefined
      ? meta.scan(start === undefined ? {} : { from: start }, limit + 1)
      : await matchingEntries(meta, start, limit + 1, within);
  const next = entries.length > limit ? (entries.pop()?.id ?? null) : null;
  const rows = Uint32Array.from(entries, ({ row }) => row);
  return { points: await assemblePoints(meta, rows, options), next };
}

type Entry = { id: PointId; row: number };

/** Looking a row's id up costs about as much as going over so many ids in order. */
const IDS_A_LOOKUP = 3;
const SLICE_IDS = 1024;

async function matchingEntries(
  meta: MetaSnapshot,
  start: PointId | undefined,
  limit: number,
  within: ReadonlyRoaringBitmap32,
): Promise<Entry[]> {
  const matches = within.size;
  if (matches === 0) return [];
  const idsToPass = (Math.min(limit, matches) * meta.count) / matches;
  if (matches * IDS_A_LOOKUP < idsToPass) return sortedEntries(meta, start, limit, within);
  const found: Entry[] = [];
  let slice = meta.scan(start === undefined ? {} : { from: start }, SLICE_IDS);
  for (let last = slice.at(-1); last !== undefined; last = slice.at(-1)) {
    for (const entry of slice) if (within.has(entry.row)) found.push(entry);
    if (found.length >= limit) break;
    await setImmediate();
    slice = meta.scan({ after: last.id }, SLICE_IDS);
  }
  return found.slice(0, limit);
}

function sortedEntries(
  meta: MetaSnapshot,
  start: PointId | undefined,
  limit: number,
  within: ReadonlyRoaringBitmap32,
): Entry[] {
  const entries: Entry[] = [];
  for (const row of within.toUint32Array()) {
    const id = meta.recordOf(row)?.id;
    if (id !== undefined && (start === undefined || comparePointIds(id, start) >= 0)) entries.push({ id, row });
  }
  return entries.sort((a, b) => comparePointIds(a.id, b.id)).slice(0, limit);
}

/** What one page is read from; released as soon as the page is read. */
export interface ScrollView {
  meta: MetaSnapshot;
  vectors?: Pick<PointOptions, 'vectors' | 'named'>;
  /** Rows of the points that are wanted; all by default. */
  within?: ReadonlyRoaringBitmap32;
  release(): void;
}

export interface ScrollOptions {
  payload: PayloadSelection;
  withVectors?: boolean;
  start?: PointId;
  pagePoints?: number;
  prefetch?: boolean;
  signal?: AbortSignal;
}

const PAGE_POINTS_DEFAULT = 256;

/** ABORTED when the signal fires. */
export async function* scroll(
  acquire: () => ScrollView | Promise<ScrollView>,
  options: ScrollOptions,
): AsyncGenerator<Point, void> {
  let start = options.start;
  for (;;) {
    const page = await readPage(await acquire(), start, options);
    yield* page.points;
    if (page.next === null) return;
    start = page.next;
    // Reads are synchronous: others get their turn between pages.
    await setImmediate();
    if (options.signal?.aborted === true) throw new VamanaError('ABORTED', 'the scroll was cancelled');
  }
}

async function readPage(view: ScrollView, start: PointId | undefined, options: ScrollOptions): Promise<ScrollPage> {
  const { payload, withVectors, prefetch, pagePoints = PAGE_POINTS_DEFAULT } = options;
  try {
    return await scrollPage(view.meta, start, pagePoints, {
      payload,
      ...(withVectors === true ? view.vectors : {}),
      ...(prefetch === undefined ? {} : { prefetch }),
      ...(view.within === undefined ? {} : { within: view.within }),
    });
  } finally {
    view.release();
  }
}
