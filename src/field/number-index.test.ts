// Ranges, order and counts over many rows, against all rows looked at one by one; with buckets that split, empty and fill
// up again, whole numbers that no double holds, and rows of several numbers.
import { describe, expect, it } from 'vitest';
import { generator } from '../../test/faulty-storage.js';
import { RoaringBitmap32 } from '../bitmap.js';
import type { Bounds } from './field-condition.js';
import { isWithin } from './match-condition.js';
import type { Numeric } from './number-column.js';
import { NumberIndex } from './number-index.js';

const ROWS = 12_000;
/** So that buckets and groups split. */
const small = { bucketRows: 100, groupBuckets: 4 };
const SEED = 20_261_129;

type Draw = (random: () => number) => Numeric;

const distributions: [name: string, draw: Draw][] = [
  ['spread evenly', (random) => random() * 1000 - 500],
  ['a few whole numbers', (random) => Math.floor(random() * 6)],
  ['mostly one number', (random) => (random() < 0.9 ? 7 : random() * 14)],
  ['a power law', (random) => 1 / (random() + 1e-9)],
  ['whole numbers past 2^53', (random) => 2n ** 60n + BigInt(Math.floor(random() * 3000))],
];

function scan(all: readonly (readonly Numeric[])[], bounds: Bounds): number[] {
  return all.flatMap((values, row) => (values.some((value) => isWithin(value, bounds)) ? [row] : []));
}

/** Rows at an end of a range whose number is not told apart: those of a bucket, or of numbers that are one as a double. */
function unsure(all: readonly (readonly Numeric[])[]): number {
  const rows = new Map<number, number>();
  for (const value of all.flat())
    if (typeof value === 'bigint') rows.set(Number(value), (rows.get(Number(value)) ?? 0) + 1);
  return Math.max(small.bucketRows, ...rows.values());
}

describe.each(distributions)('an index of numbers: %s', (_name, draw) => {
  const random = generator(SEED);
  const all: Numeric[][] = Array.from({ length: ROWS }, () => {
    const count = random() < 0.05 ? 0 : random() < 0.1 ? 2 : 1;
    return Array.from({ length: count }, () => draw(random));
  });
  const index = new NumberIndex(small);
  for (const [row, values] of all.entries()) index.put(row, values);
  const bounds = (): Bounds => {
    const [one, other] = [draw(random), draw(random)];
    const [low, high] = one < other ? [one, other] : [other, one];
    return [{ gte: low, lte: high }, { gt: low, lt: high }, { gte: low }, { lt: high }, { gte: low, lte: low }, {}][
      Math.floor(random() * 6)
    ] as Bounds;
  };

  const check = (checked: NumberIndex): void => {
    for (let time = 0; time < 40; time += 1) {
      const asked = bounds();
      const expected = scan(all, asked);
      expect([...checked.rowsWithin(asked)]).toEqual(expected);
      const error = Math.abs(checked.countWithin(asked) - expected.length);
      expect(error).toBeLessThanOrEqual(4 * unsure(all) + all.filter((values) => values.length > 1).length);
    }
  };

  it('finds ranges', () => check(index));

  it('finds them after rows changed', () => {
    for (let time = 0; time < ROWS; time += 1) {
      const row = Math.floor(random() * ROWS);
      index.remove(row);
      all[row] = random() < 0.3 ? [] : [draw(random)];
      index.put(row, all[row]);
    }
    check(index);
  });

  it('finds them after it was stored and loaded', () => {
    const pages = new Map([...index.changedPages()].map(([, page]) => [page, index.encodePage(0, page) as Uint8Array]));
    const loaded = new NumberIndex(small);
    expect(loaded.loadPages(new Map([[0, pages]]), () => false)).toBe(true);
    check(loaded);
    for (let row = 0; row < ROWS; row += 3) {
      loaded.remove(row);
      all[row] = [draw(random)];
      loaded.put(row, all[row] as Numeric[]);
    }
    check(loaded);
  });

  it('gives rows in order, and counts numbers', () => {
    const fresh = new NumberIndex(small);
    for (const [row, values] of all.entries()) fresh.put(row, values);
    const within = new RoaringBitmap32(
      all.flatMap((values, row) => (values.length === 1 && row % 2 === 0 ? [row] : [])),
    );
    const expected = [...within]
      .map((row) => ({ row, value: Number(all[row]?.[0]) }))
      .sort((a, b) => a.value - b.value || a.row - b.row);
    expect([...fresh.ordered(within, 'asc')]).toEqual(expected);
    const start = expected[expected.length >> 1]?.value as number;
    const descending = expected
      .filter(({ value }) => value <= start)
      .sort((a, b) => b.value - a.value || a.row - b.row);
    expect([...fresh.ordered(within, 'desc', start)]).toEqual(descending);
    const counts = new Map<number, number>();
    for (const { value } of expected) counts.set(value, (counts.get(value) ?? 0) + 1);
    expect([...fresh.counts(within)]).toEqual([...counts].sort(([a], [b]) => a - b));
  });
});
