import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CHUNK_ROWS, chunkOf, countDeadRows, DeadChunk } from './dead-rows.js';

const rows = fc.oneof(
  fc.uniqueArray(fc.nat(CHUNK_ROWS - 1), { maxLength: 50 }),
  // Around the size at which a list becomes a bitmap, which takes many rows.
  fc
    .tuple(fc.integer({ min: 4090, max: 4100 }), fc.nat(60_000))
    .map(([count, from]) => Array.from({ length: count }, (_, i) => from + i)),
);

function chunkOfRows(members: readonly number[]): DeadChunk {
  const chunk = DeadChunk.empty();
  for (const row of members) chunk.add(row);
  return chunk;
}

function listed(chunk: DeadChunk, number: number): number[] {
  const to = new Uint32Array(chunk.count);
  chunk.writeRows(number, to, 0);
  return [...to];
}

describe('a chunk of dead rows', () => {
  it('holds what a set holds, before and after it is encoded', () => {
    fc.assert(
      fc.property(rows, rows, (added, removed) => {
        const chunk = chunkOfRows(added);
        for (const row of removed) chunk.remove(row);
        const expected = [...new Set(added)].filter((row) => !removed.includes(row)).sort((a, b) => a - b);
        expect(listed(chunk, 0)).toEqual(expected);
        expect(chunk.count).toBe(expected.length);
        const bytes = chunk.encode();
        expect(bytes === undefined).toBe(expected.length === 0);
        if (bytes === undefined) return;
        expect(countDeadRows(bytes)).toBe(expected.length);
        expect(listed(DeadChunk.decode(bytes, 3), 3)).toEqual(expected.map((row) => 3 * CHUNK_ROWS + row));
      }),
      { numRuns: 60 },
    );
  });

  it('is a list as long as that is shorter than a bitmap', () => {
    const few = chunkOfRows(Array.from({ length: 4095 }, (_, i) => i));
    const many = chunkOfRows(Array.from({ length: 4096 }, (_, i) => i));
    expect(few.encode()).toHaveLength(8190);
    expect(many.encode()).toHaveLength(8192);
  });

  it('knows rows by their number in the collection', () => {
    const chunk = chunkOfRows([5 * CHUNK_ROWS + 9]);
    expect(chunkOf(5 * CHUNK_ROWS + 9)).toBe(5);
    expect(chunk.has(5 * CHUNK_ROWS + 9)).toBe(true);
    expect(chunk.has(5 * CHUNK_ROWS + 8)).toBe(false);
    expect(chunkOf(2 ** 32 - 1)).toBe(65_535);
  });

  it.each([[[]], [[1]], [[1, 0, 0]], [[2, 0, 1, 0]], [[2, 0, 2, 0]], [new Array(8194).fill(1)]])(
    'is not the bytes %j',
    (bytes) => {
      expect(() => DeadChunk.decode(Uint8Array.from(bytes), 1)).toThrow(expect.objectContaining({ code: 'CORRUPT' }));
    },
  );
});
