import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { plain, walOp, oneVector } from '../../test/wal-log.js';
import { decodeOps, encodeOps } from './op-codec.js';
import { FRAME_BYTES } from './wal-format.js';
import type { WalOp } from './wal-op.js';

function roundTrip(ops: WalOp[]): WalOp[] | null {
  const found = decodeOps(encodeOps(ops).subarray(FRAME_BYTES));
  return found === null ? null : plain({ seq: 1, ops: found }).ops;
}

const put: Extract<WalOp, { kind: 'put' }> = {
  kind: 'put',
  id: 1n,
  row: 0,
  dead: null,
  vectors: oneVector(new Uint8Array(4)),
  payload: null,
};

describe('the body of a record', () => {
  it('comes back as the changes it was made of', () => {
    fc.assert(
      fc.property(fc.array(walOp, { maxLength: 8 }), (ops) => {
        expect(roundTrip(ops)).toEqual(ops);
      }),
      { numRuns: 500 },
    );
  });

  it('keeps ids exact at the ends of 64 bits, and strings apart from integers', () => {
    const ids = [0n, 1n, 2n ** 53n + 1n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n, '', '1', 'é', '😀'];
    expect(roundTrip(ids.map((id) => ({ ...put, id })))?.map((op) => op.id)).toEqual(ids);
  });

  it('is encoded at once: what was passed may be reused', () => {
    const vector = Uint8Array.of(1, 2, 3, 4);
    const bytes = encodeOps([{ ...put, vectors: oneVector(vector) }]);
    vector.fill(9);
    expect(decodeOps(bytes.subarray(FRAME_BYTES))).toMatchObject([{ vectors: oneVector(Buffer.of(1, 2, 3, 4)) }]);
  });

  it('is refused where it could not be replayed', () => {
    const bad: Partial<typeof put>[] = [
      { id: -1n },
      { id: 2n ** 64n },
      { id: 'a\ud800' },
      { row: -1 },
      { row: 1.5 },
      { row: 2 ** 32 - 1 },
      { dead: 2 ** 32 },
      { vectors: [...oneVector(new Uint8Array(4)), ...oneVector(new Uint8Array(4))] },
      { vectors: [{ space: 2 ** 16, bytes: new Uint8Array(4) }] },
    ];
    for (const change of bad) {
      expect(() => encodeOps([{ ...put, ...change }])).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
    }
    // The codec is whole after a failure.
    expect(roundTrip([put])).toEqual([put]);
  });

  it('is null for bytes that are no changes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (noise) => {
        const found = decodeOps(Buffer.from(noise));
        if (found !== null) expect(decodeOps(encodeOps(found).subarray(FRAME_BYTES))).toEqual(found);
      }),
      { numRuns: 2000 },
    );
    const bodies = ['c0', '9190', '919301a17800', '919402a1780000', '9196010000c001c0', '91940301009100'];
    for (const body of bodies) expect(decodeOps(Buffer.from(body, 'hex')), body).toBeNull();
  });
});
