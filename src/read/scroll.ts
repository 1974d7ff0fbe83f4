// All points in the order of their ids: page by page for a service, or as one iteration for a program. The
// iteration takes a fresh view for every page and goes on by id, because a view that is held keeps LMDB from using
// freed pages again. So each page is of one moment, and all of them together need not be: a point that is written
// meanwhile is seen if its id is still to come. None is seen twice, and none that stays is missed.
import { setImmediate } from 'node:timers/promises';
import { VamanaError } from '../errors.js';
import type { MetaSnapshot } from '../meta/meta-snapshot.js';
import type { PayloadSelection } from '../payload/payload-selection.js';
import type { PointId } from '../payload/point.js';
import { assemblePoints, type Point, type PointOptions, type VectorReader } from './assemble.js';

export interface ScrollPage {
  points: Point[];
  /** Where the next page starts; null after the last. */
  next: PointId | null;
}

/** Up to `limit` points from `start` (undefined: the first) on. */
export async function scrollPage(
  meta: MetaSnapshot,
  start: PointId | undefined,
  limit: number,
  options: PointOptions,
): Promise<ScrollPage> {
  const entries = meta.scan(start === undefined ? {} : { from: start }, limit + 1);
  const next = entries.length > limit ? (entries.pop()?.id ?? null) : null;
  const rows = Uint32Array.from(entries, ({ row }) => row);
  return { points: await assemblePoints(meta, rows, options), next };
}

/** What one page is read from; released as soon as the page is read. */
export interface ScrollView {
  meta: MetaSnapshot;
  vectors?: VectorReader;
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
export async function* scroll(acquire: () => ScrollView, options: ScrollOptions): AsyncGenerator<Point, void> {
  let start = options.start;
  for (;;) {
    const page = await readPage(acquire(), start, options);
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
      ...(withVectors === true && view.vectors !== undefined ? { vectors: view.vectors } : {}),
      ...(prefetch === undefined ? {} : { prefetch }),
    });
  } finally {
    view.release();
  }
}
