// Search results by group: the nearest points of each of the nearest groups, a group being the points that share a
// value of one field. Searches ask for more and more points until the groups are full, or there are no more points;
// a point with several values is in several groups.
import { getAtPath, type PayloadPath } from '../payload/payload-path.js';
import { type PayloadSelection, selectPayload } from '../payload/payload-selection.js';
import type { Payload } from '../payload/point.js';
import type { Point } from './assemble.js';
import type { ScoredPoint } from './hydrate.js';

export type GroupValue = string | number | bigint | boolean;

export interface PointGroup<P extends Point = ScoredPoint> {
  value: GroupValue;
  /** Nearest first. */
  points: P[];
}

export interface GroupingOptions {
  path: PayloadPath;
  /** Groups. */
  limit: number;
  /** Points of a group. */
  groupSize: number;
  /** Most points that one search may be asked for. */
  pointsMax: number;
  /** What the points of the groups show of their payloads. */
  shown: PayloadSelection;
}

/** How many more points each search asks for than the one before. */
const GROWTH = 4;

/** `search(k)` gives the k nearest points with their whole payloads. Groups come in the order of their nearest point. */
export async function groupPoints<P extends Point>(
  search: (k: number) => Promise<P[]>,
  { path, limit, groupSize, pointsMax, shown }: GroupingOptions,
): Promise<PointGroup<P>[]> {
  for (let k = Math.min(pointsMax, limit * groupSize); ; k = Math.min(pointsMax, k * GROWTH)) {
    const points = await search(k);
    const groups = collect(points, path, limit, groupSize);
    const full = groups.length === limit && groups.every((group) => group.points.length === groupSize);
    if (full || points.length < k || k === pointsMax) return groups.map((group) => show(group, shown));
  }
}

function show<P extends Point>({ value, points }: PointGroup<P>, shown: PayloadSelection): PointGroup<P> {
  if (shown.kind === 'none') return { value, points: points.map(({ payload: _payload, ...point }) => point as P) };
  return {
    value,
    points: points.map((point) => ({
      ...point,
      payload: point.payload === null || point.payload === undefined ? null : selectPayload(point.payload, shown),
    })),
  };
}

function collect<P extends Point>(
  points: readonly P[],
  path: PayloadPath,
  limit: number,
  groupSize: number,
): PointGroup<P>[] {
  const groups = new Map<GroupValue, PointGroup<P>>();
  for (const point of points) {
    for (const value of valuesOf(point.payload ?? null, path)) {
      let group = groups.get(value);
      if (group === undefined) {
        if (groups.size === limit) continue;
        group = { value, points: [] };
        groups.set(value, group);
      }
      if (group.points.length < groupSize) group.points.push(point);
    }
  }
  return [...groups.values()];
}

// Values of the field that can name a group; the elements of an array each.
function valuesOf(payload: Payload | null, path: PayloadPath): Set<GroupValue> {
  const found = payload === null ? [] : getAtPath(payload, path).flat();
  return new Set(found.filter(isGroupValue));
}

function isGroupValue(value: unknown): value is GroupValue {
  return ['string', 'number', 'bigint', 'boolean'].includes(typeof value);
}
