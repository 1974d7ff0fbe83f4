import { describe, expect, it } from 'vitest';
import { queryAtPosition } from './query-order.js';

describe('the order of queries', () => {
  it('has every query once', () => {
    for (const count of [1, 2, 3, 10, 100, 1000, 2000, 10_000]) {
      const order = new Set(Array.from({ length: count }, (_, at) => queryAtPosition(at, count)));
      expect(order.size).toBe(count);
      expect(Math.max(...order)).toBe(count - 1);
    }
  });

  it('spreads any beginning over all of them', () => {
    const first = Array.from({ length: 100 }, (_, at) => queryAtPosition(at, 10_000));
    for (let tenth = 0; tenth < 10; tenth += 1) {
      const inside = first.filter((query) => Math.floor(query / 1000) === tenth).length;
      expect(inside).toBeGreaterThan(5);
      expect(inside).toBeLessThan(15);
    }
  });
});
