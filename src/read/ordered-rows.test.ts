import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { orderedRows } from './ordered-rows.js';

const values = fc.array(fc.oneof(fc.integer({ min: -5, max: 5 }), fc.constant(Number.NaN)), { maxLength: 60 });

describe('ordered rows', () => {
  it('are the first of all rows sorted, from the start asked for on', () => {
    fc.assert(
      fc.property(
        values,
        fc.nat(20),
        fc.boolean(),
        fc.option(fc.integer({ min: -6, max: 6 })),
        (all, limit, up, from) => {
          const direction = up ? 'asc' : 'desc';
          const start = from === null ? {} : { startFrom: from };
          const found = orderedRows(all.keys(), (row) => all[row] as number, { limit, direction, ...start });
          const sorted = all
            .map((value, row) => ({ row, value }))
            .filter(({ value }) => !Number.isNaN(value) && (from === null || (up ? value >= from : value <= from)))
            .sort((a, b) => (up ? a.value - b.value : b.value - a.value) || a.row - b.row);
          expect(found).toEqual(sorted.slice(0, limit));
        },
      ),
    );
  });
});
