import { describe, expect, it } from 'vitest';
import { parsePath } from '../payload/payload-path.js';
import { parseSelection } from '../payload/payload-selection.js';
import { groupPoints } from './group-points.js';
import type { ScoredPoint } from './hydrate.js';

const points: ScoredPoint[] = [['a'], 'a', ['a', 'b'], null, 'b', 7, 'a', { no: 'value' }, true, 'c'].map(
  (kind, at) => ({ id: BigInt(at), version: 1, distance: at, payload: kind === null ? null : { kind } }),
);

async function group(limit: number, groupSize: number, pointsMax = 1000) {
  const asked: number[] = [];
  const search = async (k: number): Promise<ScoredPoint[]> => {
    asked.push(k);
    return points.slice(0, k);
  };
  const groups = await groupPoints(search, {
    path: parsePath('kind'),
    limit,
    groupSize,
    pointsMax,
    shown: parseSelection(false),
  });
  expect(groups.flatMap((group) => group.points).every((point) => point.payload === undefined)).toBe(true);
  return { asked, groups: groups.map(({ value, points: found }) => [value, ...found.map(({ id }) => Number(id))]) };
}

describe('points by group', () => {
  it('come from one search where it fills the groups', async () => {
    expect(await group(1, 2)).toEqual({ asked: [2], groups: [['a', 0, 1]] });
  });

  it('come from wider ones until the groups are full', async () => {
    expect(await group(2, 2)).toEqual({
      asked: [4, 16],
      groups: [
        ['a', 0, 1],
        ['b', 2, 4],
      ],
    });
  });

  it('are all there are, of any simple value, when there are too few', async () => {
    const { groups } = await group(10, 2);
    expect(groups).toEqual([
      ['a', 0, 1],
      ['b', 2, 4],
      [7, 5],
      [true, 8],
      ['c', 9],
    ]);
  });

  it('stop at the most points a search may give', async () => {
    expect(await group(3, 2, 6)).toEqual({
      asked: [6],
      groups: [
        ['a', 0, 1],
        ['b', 2, 4],
        [7, 5],
      ],
    });
  });
});
