// The package of bitmaps, as it is loaded by a process with arguments of its own, and unions.
import { afterAll, expect, it } from 'vitest';

const { argv } = process;
process.argv = [...argv.slice(0, 2), 'doctor', '--dir', '/nowhere', '--debug'];
// Here, for the package is looked for once.
const { copyOfUnion, RoaringBitmap32, unionOf } = await import('./bitmap.js');

afterAll(() => {
  process.argv = argv;
});

it('is found, whatever the arguments of the process are', () => {
  expect(new RoaringBitmap32([3]).has(3)).toBe(true);
  expect(process.argv.slice(2)).toEqual(['doctor', '--dir', '/nowhere', '--debug']);
});

it('unites sets and changes none of them', () => {
  const sets = [[1, 70_000], [], [2, 70_000, 140_000, 5], [1]].map((rows) => new RoaringBitmap32(rows));
  expect([...unionOf(sets)]).toEqual([1, 2, 5, 70_000, 140_000]);
  expect(sets.map((set) => set.size)).toEqual([2, 0, 4, 1]);
  expect([...unionOf([])]).toEqual([]);
  expect(unionOf(sets.slice(0, 1))).toBe(sets[0]);
  expect(copyOfUnion(sets.slice(0, 1))).not.toBe(sets[0]);
  expect([...copyOfUnion(sets.slice(0, 1))]).toEqual([1, 70_000]);
});
