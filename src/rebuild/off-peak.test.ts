import { expect, it } from 'vitest';
import { isOffPeak } from './off-peak.js';

const nightly = { offPeak: { begins: '0 22 * * *', minutes: 8 * 60 }, timezone: 'UTC' };

it.each<[time: string, expected: boolean]>([
  ['2026-11-29T21:59:59Z', false],
  ['2026-11-29T22:00:00Z', true],
  ['2026-11-30T03:00:00Z', true],
  ['2026-11-30T05:59:59Z', true],
  ['2026-11-30T06:00:01Z', false],
  ['2026-11-30T12:00:00Z', false],
])('from ten at night for eight hours: at %s %s', (time, expected) => {
  expect(isOffPeak(nightly, Date.parse(time))).toBe(expected);
});

it('is at any time where none are set', () => {
  expect(isOffPeak({ offPeak: null, timezone: null }, 0)).toBe(true);
});
