import { describe, expect, it } from 'vitest';
import { atRecall, fitLine, frontier } from './curve.js';

const QPS = [
  { recall: 0.9, value: 1000 },
  { recall: 0.96, value: 100 },
  { recall: 0.93, value: 90 }, // beaten by the one before in both
  { recall: 0.99, value: 10 },
];

describe('frontier', () => {
  it('keeps what nothing beats in both, ascending by recall', () => {
    expect(frontier(QPS, 'more').map(({ recall }) => recall)).toEqual([0.9, 0.96, 0.99]);
    const microseconds = [
      { recall: 0.9, value: 5 },
      { recall: 0.95, value: 4 },
      { recall: 0.97, value: 9 },
    ];
    expect(frontier(microseconds, 'less').map(({ recall }) => recall)).toEqual([0.95, 0.97]);
  });

  it('leaves out what was not measured, and keeps one of two equal points', () => {
    const points = [{ recall: Number.NaN, value: 3 }, { recall: 0.9, value: 0 }, ...QPS, ...QPS];
    expect(frontier(points, 'more')).toHaveLength(3);
  });
});

describe('atRecall', () => {
  it('lies between the two points around it, by ratio', () => {
    expect(atRecall(QPS, 0.93, 'more')).toBeCloseTo(Math.sqrt(1000 * 100), 6);
    expect(atRecall(QPS, 0.975, 'more')).toBeCloseTo(Math.sqrt(100 * 10), 6);
    expect(atRecall(QPS, 0.96, 'more')).toBe(100);
  });

  it('is flat where everything measured below is beaten by what is above', () => {
    const points = [
      { recall: 0.5, value: 1 },
      { recall: 0.9, value: 2 },
    ];
    expect(atRecall(points, 0.7, 'more')).toBe(2);
    expect(atRecall(points, 0.4, 'more')).toBeNull();
  });

  it('is null where nothing was measured', () => {
    expect(atRecall(QPS, 0.89, 'more')).toBeNull();
    expect(atRecall(QPS, 0.995, 'more')).toBeNull();
    expect(atRecall([], 0.9, 'more')).toBeNull();
  });
});

describe('fitLine', () => {
  it('finds a line and says how far the points are from it', () => {
    const exact = fitLine([1, 2, 5].map((x) => ({ x, y: 7 + 3 * x })));
    expect(exact.slope).toBeCloseTo(3);
    expect(exact.intercept).toBeCloseTo(7);
    expect(exact.worst).toBeCloseTo(0);
    expect(
      fitLine([
        { x: 0, y: 1 },
        { x: 1, y: 2 },
        { x: 2, y: 1 },
      ]).worst,
    ).toBeGreaterThan(0.3);
  });
});
