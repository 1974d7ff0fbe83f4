import { expect, it } from 'vitest';
import { RepeatGuard } from './repeat-guard.js';

const trigger = { name: 'tombstones', value: 0.25 };
const values = (value: number): Map<string, number> => new Map([['tombstones', value]]);
const DAY_MS = 24 * 60 * 60 * 1000;

it('lets a job begin that was never done', () => {
  expect(new RepeatGuard().allows('major', trigger, 0)).toBe(true);
});

it('keeps one from beginning again for what has not moved by a fifth', () => {
  const guard = new RepeatGuard();
  guard.note('major', trigger, 1000);
  for (const value of [0.25, 0.21, 0.29]) {
    guard.observe(values(value));
    expect([value, guard.allows('major', trigger, 2000)]).toEqual([value, false]);
  }
  expect(guard.allows('rebuild', trigger, 2000)).toBe(true);
  expect(guard.allows('major', { name: 'growth', value: 3 }, 2000)).toBe(true);
});

it.each([0.31, 0.19, 0])('lets it begin again once it has been at %d, wherever it is then', (value) => {
  const guard = new RepeatGuard();
  guard.note('major', trigger, 1000);
  guard.observe(values(value));
  guard.observe(values(0.25));
  expect(guard.allows('major', trigger, 2000)).toBe(true);
});

it('lets it begin again after a day', () => {
  const guard = new RepeatGuard();
  guard.note('major', trigger, 1000);
  expect(guard.allows('major', trigger, 1000 + DAY_MS - 1)).toBe(false);
  expect(guard.allows('major', trigger, 1000 + DAY_MS)).toBe(true);
});
