import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { THRESHOLDS_DEFAULT as defaults } from '../config/maintenance.js';
import { mergesDue, type SegmentFacts, tombstoneRatio, triggerValues } from './merge-policy.js';

const segment = (number: number, rows: number, liveRows = rows): SegmentFacts => ({ number, rows, liveRows });
const many = (count: number, rows: number, first = 1): SegmentFacts[] =>
  Array.from({ length: count }, (_, at) => segment(first + at, rows));

describe('what is merged', () => {
  it.each<[string, SegmentFacts[], null | [kind: string, segments: number[]]]>([
    ['nothing where there is nothing', [], null],
    ['not one segment, however large', [segment(1, 1e9)], null],
    ['not a few dead rows', [segment(1, 1000, 800)], null],
    [
      'the segments in which too many are dead',
      [segment(1, 1000, 500), segment(2, 1000), segment(3, 100, 0)],
      ['major', [1, 3]],
    ],
    ['small ones before those', [segment(9, 1e6, 5e5), ...many(5, 500)], ['minor', many(5, 1).map((s) => s.number)]],
    ['not four small segments', [segment(99, 1e6), ...many(4, 500)], null],
    [
      'five small ones, and not the large one',
      [segment(99, 1e6), ...many(5, 500)],
      ['minor', many(5, 1).map((s) => s.number)],
    ],
    ['the lowest tier first', [...many(5, 5000), ...many(5, 500, 50)], ['minor', many(5, 1, 50).map((s) => s.number)]],
    [
      'all of them once they outgrew the largest',
      [segment(1, 20_000), segment(2, 15_000), segment(3, 15_000)],
      ['major', [1, 2, 3]],
    ],
  ])('%s', (_what, segments, expected) => {
    const [choice] = mergesDue(segments, defaults);
    if (expected === null) expect(choice).toBeUndefined();
    else expect([choice?.kind, choice?.segments]).toEqual(expected);
  });

  it('the smallest, where there are too many in all and not too many of one size', () => {
    const segments = [...many(4, 1e6), ...many(4, 5e4, 20), ...many(2, 400, 40)];
    const [choice] = mergesDue(segments, { ...defaults, segments: 9, growth: 20 });
    expect([choice?.kind, choice?.segments]).toEqual(['minor', [40, 41]]);
    expect(mergesDue(segments, { ...defaults, segments: 10, growth: 20 })).toEqual([]);
  });

  // Merging is done again and again until nothing is left to do: that must end, and leave few segments.
  it('comes to an end', () => {
    const facts = fc.record({
      rows: fc.integer({ min: 1, max: 1e7 }),
      dead: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(facts, { maxLength: 120 }), (sizes) => {
        let segments = sizes.map(({ rows, dead }, at) => segment(at + 1, rows, Math.round(rows * (1 - dead))));
        let number = segments.length;
        for (let merges = 0; ; merges += 1) {
          const [choice] = mergesDue(segments, defaults);
          if (choice === undefined) break;
          expect(merges).toBeLessThan(200);
          const gone = new Set(choice.segments);
          const live = segments.filter((one) => gone.has(one.number)).reduce((sum, one) => sum + one.liveRows, 0);
          number += 1;
          segments = [...segments.filter((one) => !gone.has(one.number)), ...(live > 0 ? [segment(number, live)] : [])];
        }
        expect(segments.length).toBeLessThanOrEqual(defaults.segments);
        expect(tombstoneRatio(segments)).toBeLessThanOrEqual(defaults.tombstones);
      }),
    );
  });

  it.each<[string, Partial<SegmentFacts>, boolean]>([
    ['a graph that holds twice as many rows as it was built of and more', { builtRows: 24_000 }, true],
    ['not one that holds twice as many', { builtRows: 25_000 }, false],
    ['codes that err half as much again on new rows and more', { drift: 1.6 }, true],
    ['not codes that err a little more', { drift: 1.4 }, false],
    ['nothing of which that is not known', {}, false],
  ])('is built anew: %s', (_what, facts, expected) => {
    const large = { ...segment(1, 50_000), ...facts };
    const due = mergesDue([large, segment(2, 400)], defaults);
    expect(due.map(({ kind, segments }) => [kind, segments])).toEqual(expected ? [['rebuild', [1, 2]]] : []);
  });

  it('is told with how far its triggers are, also those that are not due', () => {
    const values = triggerValues([
      segment(1, 20_000, 10_000),
      { ...segment(2, 30_000), builtRows: 20_000, drift: 1.25 },
    ]);
    expect(Object.fromEntries(values)).toEqual({
      tombstones: expect.closeTo(0.2),
      segments: 2,
      growth: expect.closeTo(4 / 3),
      builtRows: 1.5,
      drift: 1.25,
      'segments of tier 2': 2,
    });
  });

  it('is named by a trigger whose value is that of triggerValues', () => {
    const segments = [...many(11, 500), ...many(11, 5000, 20), segment(99, 100_000, 50_000)];
    const values = triggerValues(segments);
    const due = mergesDue(segments, defaults);
    expect(due.length).toBeGreaterThan(2);
    for (const { trigger } of due) expect(values.get(trigger?.name ?? '')).toBe(trigger?.value);
  });
});
