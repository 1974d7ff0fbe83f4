// Recall against a naive count that knows every distance.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { missingDistances, type RecallInput, tieAwareRecall } from './recall.js';

const NO_ROW = 0xffffffff;

function input(found: [number, number][][], truth: number[][], k: number): RecallInput {
  const rows = new Uint32Array(found.length * k).fill(NO_ROW);
  const distances = new Float32Array(found.length * k).fill(Number.POSITIVE_INFINITY);
  for (const [query, list] of found.entries()) {
    for (const [at, [row, distance]] of list.entries()) {
      rows[query * k + at] = row;
      distances[query * k + at] = distance;
    }
  }
  const truthWidth = truth[0]?.length ?? 0;
  return { rows, distances, count: found.length, k, noRow: NO_ROW, truth: Int32Array.from(truth.flat()), truthWidth };
}

describe('tieAwareRecall', () => {
  it('is 1 when the rows are the true ones', () => {
    const all = input(
      [
        [
          [4, 1],
          [7, 2],
        ],
      ],
      [[4, 7, 9]],
      2,
    );
    expect(missingDistances(all)).toEqual([]);
    expect(tieAwareRecall(all, new Map())).toBe(1);
  });

  it('counts a row tied with the k-th true one, which was returned', () => {
    const tied = input(
      [
        [
          [7, 2],
          [9, 2],
        ],
      ],
      [[4, 7, 9]],
      2,
    );
    expect(missingDistances(tied)).toEqual([]);
    expect(tieAwareRecall(tied, new Map())).toBe(1);
  });

  it('asks for the k-th true distance only where it decides', () => {
    const some = input([[[4, 1]], [[5, 3]], [[6, 4]]], [[4], [50], [60]], 1);
    expect(missingDistances(some)).toEqual([
      { query: 1, row: 50 },
      { query: 2, row: 60 },
    ]);
    expect(
      tieAwareRecall(
        some,
        new Map([
          [1, 3],
          [2, 3.5],
        ]),
      ),
    ).toBeCloseTo(2 / 3);
  });

  it('does not count padding, nor a row twice', () => {
    expect(tieAwareRecall(input([[[4, 1]]], [[4, 7]], 2), new Map())).toBe(0.5);
    expect(
      tieAwareRecall(
        input(
          [
            [
              [4, 1],
              [4, 1],
            ],
          ],
          [[4, 7]],
          2,
        ),
        new Map([[0, 2]]),
      ),
    ).toBe(0.5);
  });

  it('takes a truth with fewer rows than k as all there are', () => {
    expect(
      tieAwareRecall(
        input(
          [
            [
              [4, 1],
              [7, 2],
            ],
          ],
          [[4, 7, -1]],
          3,
        ),
        new Map(),
      ),
    ).toBe(1);
    expect(tieAwareRecall(input([[[4, 1]]], [[-1]], 1), new Map())).toBeNaN();
  });

  it('agrees with a count over all distances', () => {
    const scenario = fc.record({
      distances: fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 6, maxLength: 30 }),
      k: fc.integer({ min: 1, max: 5 }),
      picks: fc.array(fc.nat({ max: 1000 }), { minLength: 5, maxLength: 5 }),
    });
    fc.assert(
      fc.property(scenario, ({ distances, k, picks }) => {
        const order = distances.map((distance, row) => ({ distance, row })).sort((a, b) => a.distance - b.distance);
        const found = [...new Set(picks.slice(0, k).map((pick) => pick % distances.length))];
        const kth = order[k - 1]?.distance ?? Number.NaN;
        const naive = found.filter((row) => (distances[row] ?? Number.NaN) <= kth).length / k;
        const one = input(
          [found.map((row): [number, number] => [row, distances[row] ?? Number.NaN])],
          [order.map((entry) => entry.row)],
          k,
        );
        const asked = missingDistances(one).map(({ query, row }): [number, number] => [query, distances[row] ?? 0]);
        expect(tieAwareRecall(one, new Map(asked))).toBeCloseTo(naive);
      }),
    );
  });
});
