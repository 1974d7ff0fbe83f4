// Changes the points that fit a description: finds them, and writes them in batches under the condition that they are
// still as they were looked at. Where one is not, its batch is written point by point, and what changed meanwhile is
// looked at again. So a point is changed only in a state that fits, whatever else is written at the same time.
import type { WriteResult } from '../commit-queue/commit-queue.js';
import { VamanaError } from '../errors.js';
import type { Payload, PointId } from '../payload/point.js';
import type { Point } from '../read/assemble.js';
import type { WriteBatch, WriteOperation } from '../write/write-batch.js';

/** Whether a point fits, by what it holds. */
export type PointPredicate = (point: {
  id: PointId;
  payload: Payload | null;
  hasVector?: (name: string) => boolean;
}) => boolean;

/** What is done to one point; the condition on its version is added. */
export type ChangeOf = (id: PointId) => WriteOperation;

export interface ChangeTarget {
  write(batch: WriteBatch): Promise<WriteResult>;
  /** With its payload, and what else `matches` asks for; undefined when there is none any more. */
  look(id: PointId): Promise<Point | undefined>;
}

/** Points of a batch: one record of the log. */
const BATCH_POINTS = 1000;

/** `points` come with payloads, each once. Returns how many were changed. */
export async function changeWhere(
  target: ChangeTarget,
  points: AsyncIterable<Point>,
  matches: PointPredicate,
  changeOf: ChangeOf,
): Promise<number> {
  let changed = 0;
  let found: Point[] = [];
  for await (const point of points) {
    if (!fits(point, matches)) continue;
    found.push(point);
    if (found.length < BATCH_POINTS) continue;
    changed += await changeBatch(target, found, matches, changeOf);
    found = [];
  }
  return found.length === 0 ? changed : changed + (await changeBatch(target, found, matches, changeOf));
}

async function changeBatch(
  target: ChangeTarget,
  points: readonly Point[],
  matches: PointPredicate,
  changeOf: ChangeOf,
): Promise<number> {
  const applied = await tryWrite(target, points, changeOf);
  if (applied !== null) return applied;
  let changed = 0;
  for (const point of points) changed += await changeOne(target, point, matches, changeOf);
  return changed;
}

async function changeOne(
  target: ChangeTarget,
  point: Point,
  matches: PointPredicate,
  changeOf: ChangeOf,
): Promise<number> {
  for (let seen: Point | undefined = point; seen !== undefined && fits(seen, matches); ) {
    const applied = await tryWrite(target, [seen], changeOf);
    if (applied !== null) return applied;
    seen = await target.look(point.id);
  }
  return 0;
}

/** How many were changed; null, and nothing was, when one is not as it was looked at. */
async function tryWrite(target: ChangeTarget, points: readonly Point[], changeOf: ChangeOf): Promise<number | null> {
  try {
    const batch = points.map(({ id, version }) => ({ ...changeOf(id), ifVersion: version }));
    const { operations } = await target.write(batch);
    return operations.reduce((sum, { applied }) => sum + applied, 0);
  } catch (error) {
    if (error instanceof VamanaError && error.code === 'VERSION_CONFLICT') return null;
    throw error;
  }
}

function fits({ id, payload, vector, vectors }: Point, matches: PointPredicate): boolean {
  const has = (name: string): boolean =>
    name === '' ? vector !== undefined : vectors !== undefined && Object.hasOwn(vectors, name);
  const found = vectors === undefined ? {} : { hasVector: has };
  return matches({ id, payload: payload ?? null, ...found });
}
