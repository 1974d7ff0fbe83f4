// Ranges, order and counts over many rows, against all rows looked at one by one; with leaves that split, empty and fill
// up again, whole numbers that no double holds, and rows of several numbers.
import { describe, expect, it } from 'vitest';
import { generator } from '../../test/faulty-storage.js';
import { RoaringBitmap32 } from '../bitmap.js';
import type { Bounds } from './field-condition.js';
import { isWithin } from './match-condition.js';
import type { Numeric } from './number-column.js';
import { NumberIndex } from './number-index.js';

const ROWS = 12_000;
/** So that leaves and the nodes above split. */
const small = { leafRows: 100, children: 3 };
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

/** Without the places where others may have their turn. */
function entries<Entry>(found: Iterable<Entry | undefined>): Entry[] {
  return [...found].filter((entry) => entry !== undefined);
}

/** Rows at an end of a range whose number is not told apart: those of a leaf, or of numbers that are one as a double. */
function unsure(all: readonly (readonly Numeric[])[]): number {
  const rows = new Map<number, number>();
  for (const value of all.flat())
    if (typeof value === 'bigint') rows.set(Number(value), (rows.get(Number(value)) ?? 0) + 1);
  return Math.max(small.leafRows, ...rows.values());
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
      const among = RoaringBitmap32.from(all.flatMap((_, row) => (random() < 0.002 ? [row] : [])));
      const found = RoaringBitmap32.and(checked.rowsWithin(asked, among), among);
      expect([...found]).toEqual(expected.filter((row) => among.has(row)));
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
    expect(entries(fresh.ordered(within, 'asc'))).toEqual(expected);
    const start = expected[expected.length >> 1]?.value as number;
    const descending = expected
      .filter(({ value }) => value <= start)
      .sort((a, b) => b.value - a.value || a.row - b.row);
    expect(entries(fresh.ordered(within, 'desc', start))).toEqual(descending);
    const counts = new Map<number, number>();
    for (const { value } of expected) counts.set(value, (counts.get(value) ?? 0) + 1);
    expect(entries(fresh.counts(within))).toEqual([...counts].sort(([a], [b]) => a - b));
  });

  it('goes on where it was when rows come meanwhile', () => {
    for (const direction of ['asc', 'desc'] as const) {
      const changing = new NumberIndex(small);
      const every = new RoaringBitmap32(all.map((_, row) => row));
      for (const [row, values] of all.entries()) if (row % 2 === 0) changing.put(row, values.slice(0, 1));
      const found: number[] = [];
      let next = 1;
      for (const entry of changing.ordered(every, direction)) {
        if (entry !== undefined) {
          if (entry.row % 2 === 0) found.push(entry.row);
          continue;
        }
        // Enough for leaves before and behind this one to split.
        for (let come = 0; come < 200 && next < ROWS; come += 1, next += 2) changing.put(next, [draw(random)]);
      }
      const still = all.flatMap((values, row) => (row % 2 === 0 && values.length > 0 ? [row] : []));
      expect(found.sort((a, b) => a - b)).toEqual(still);
    }
  });
});
