import { describe, expect, it } from 'vitest';
import { decodePayload, encodePayload } from '../payload/payload-codec.js';
import type { Payload, PointId } from '../payload/point.js';
import type { WalOp } from '../wal/wal-op.js';
import { type ResolveContext, resolve } from './resolve.js';
import { type PointSource, ResolveView } from './resolve-view.js';
import { ROWS_USABLE, RowAllocator } from './row-allocator.js';
import type { PointInput, WriteBatch, WriteOperation } from './write-batch.js';

interface Stored {
  id: PointId;
  row: number;
  seq: number;
  payload: Payload | null;
}

// Point 1 at row 0 of record 3, point 2 at row 1 of record 4 without a payload.
const stored: Stored[] = [
  { id: 1n, row: 0, seq: 3, payload: { a: 1, b: { c: 2 } } },
  { id: 2n, row: 1, seq: 4, payload: null },
];

function sourceOf(points: readonly Stored[]): PointSource {
  return {
    rowOf: (id) => points.find((point) => point.id === id)?.row,
    recordOf: (row) => {
      const point = points.find((candidate) => candidate.row === row);
      return point && { seq: point.seq, payload: point.payload === null ? null : encodePayload(point.payload) };
    },
  };
}

function context(seq = 10, rest: Partial<ResolveContext> = {}): ResolveContext {
  return {
    view: new ResolveView(sourceOf(stored)),
    rows: new RowAllocator(20),
    seq,
    config: { dim: 2, element: 'u8', metric: 'l2' },
    ids: {},
    ...rest,
  };
}

function point(id: PointInput['id'], first = 1, payload?: Payload): PointInput {
  return { id, vector: [first, 0], ...(payload === undefined ? {} : { payload }) };
}

/** Effects in short: kind, id, row, dead, first element, payload. */
function short(ops: readonly WalOp[]): unknown[] {
  return ops.map((op) => {
    if (op.kind === 'delete') return ['delete', op.id, op.row];
    const payload = op.payload === null ? null : decodePayload(op.payload);
    return op.kind === 'put'
      ? ['put', op.id, op.row, op.dead, op.vectors[0]?.bytes[0], payload]
      : ['payload', op.id, op.row, payload];
  });
}

function effects(batch: WriteBatch, at = context()): unknown[] {
  return short(resolve(batch, at).ops);
}

function refused(code: string): unknown {
  return expect.objectContaining({ code });
}

describe('an upsert', () => {
  it('takes new rows in order, and kills the rows of what it replaces', () => {
    const batch = [{ upsert: [point(5, 1, { x: 1 }), point(1, 2), point('550E8400E29B41D4A716446655440000', 3)] }];
    expect(effects(batch)).toEqual([
      ['put', 5n, 20, null, 1, { x: 1 }],
      ['put', 1n, 21, 0, 2, null],
      ['put', '550e8400-e29b-41d4-a716-446655440000', 22, null, 3, null],
    ]);
  });

  it('lets the last of the same point win, with the rows before it dead', () => {
    expect(effects([{ upsert: [point(1, 1), point(1, 2)] }, { upsert: [point(1, 3)] }])).toEqual([
      ['put', 1n, 20, 0, 1, null],
      ['put', 1n, 21, 20, 2, null],
      ['put', 1n, 22, 21, 3, null],
    ]);
  });

  it('inserts only, or updates only, and says how many it passed over', () => {
    const insert = resolve([{ upsert: [point(1), point(7), point(7)], mode: 'insert_only' }], context());
    expect(short(insert.ops)).toEqual([['put', 7n, 20, null, 1, null]]);
    expect(insert.results).toEqual([{ applied: 1, ignored: 2 }]);
    const update = resolve([{ upsert: [point(1), point(7), point(2)], mode: 'update_only' }], context());
    expect(short(update.ops)).toEqual([
      ['put', 1n, 20, 0, 1, null],
      ['put', 2n, 21, 1, 1, null],
    ]);
    expect(update.results).toEqual([{ applied: 2, ignored: 1 }]);
  });

  it('checks points that it passes over, too', () => {
    const bad = { id: 1, vector: [1] };
    expect(() => effects([{ upsert: [bad], mode: 'insert_only' }])).toThrow(/point 1: its vector has 1 elements/);
  });
});

describe('a delete', () => {
  it('passes over points that are not there, and finds each only once', () => {
    const { ops, results } = resolve([{ delete: [1, 9, 1] }], context());
    expect(short(ops)).toEqual([['delete', 1n, 0]]);
    expect(results).toEqual([{ applied: 1, ignored: 2 }]);
  });

  it('and an upsert of the same point follow one another', () => {
    expect(effects([{ delete: [1] }, { upsert: [point(1)] }, { delete: [1] }, { upsert: [point(1, 4)] }])).toEqual([
      ['delete', 1n, 0],
      ['put', 1n, 20, null, 1, null],
      ['delete', 1n, 20],
      ['put', 1n, 21, null, 4, null],
    ]);
  });
});

describe('a change of vectors', () => {
  it('keeps payloads, and passes over missing points', () => {
    const { ops, results } = resolve([{ updateVectors: [point(1, 9), point(2, 8), point(3, 7)] }], context());
    expect(short(ops)).toEqual([
      ['put', 1n, 20, 0, 9, { a: 1, b: { c: 2 } }],
      ['put', 2n, 21, 1, 8, null],
    ]);
    expect(results).toEqual([{ applied: 2, ignored: 1 }]);
  });
});

describe('a change of payloads', () => {
  it.each<[string, WriteOperation, Payload | null]>([
    ['merges', { setPayload: { a: null, d: 4 }, ids: [1] }, { b: { c: 2 }, d: 4 }],
    ['merges at a path', { setPayload: { d: 4 }, ids: [1], key: 'b' }, { a: 1, b: { c: 2, d: 4 } }],
    ['merges where there is none', { setPayload: { d: 4 }, ids: [2] }, { d: 4 }],
    ['overwrites', { overwritePayload: { d: 4 }, ids: [1] }, { d: 4 }],
    ['deletes at paths', { deletePayload: ['a', 'b.c', 'none'], ids: [1] }, { b: {} }],
    ['deletes where there is none', { deletePayload: ['a'], ids: [2] }, null],
    ['clears', { clearPayload: [1] }, null],
  ])('%s', (_, operation, payload) => {
    const { ops } = resolve([operation], context());
    expect(short(ops)).toEqual([['payload', expect.any(BigInt), expect.any(Number), payload]]);
  });

  it('follows what the batch did before, and passes over missing points', () => {
    const { ops, results } = resolve(
      [
        { upsert: [point(5, 1, { x: 1 })] },
        { setPayload: { y: 2 }, ids: [5, 6] },
        { delete: [1] },
        { clearPayload: [1] },
        { updateVectors: [point(5, 3)] },
      ],
      context(),
    );
    expect(short(ops)).toEqual([
      ['put', 5n, 20, null, 1, { x: 1 }],
      ['payload', 5n, 20, { x: 1, y: 2 }],
      ['delete', 1n, 0],
      ['put', 5n, 21, 20, 3, { x: 1, y: 2 }],
    ]);
    expect(results.map(({ ignored }) => ignored)).toEqual([0, 1, 0, 1, 0]);
  });

  it('is a snapshot of the payload given', () => {
    const payload: Payload = { x: [1] };
    const { ops } = resolve([{ upsert: [point(5, 1, payload)] }, { setPayload: payload, ids: [1] }], context());
    (payload.x as number[]).push(2);
    expect(short(ops)).toEqual([
      ['put', 5n, 20, null, 1, { x: [1] }],
      ['payload', 1n, 0, { a: 1, b: { c: 2 }, x: [1] }],
    ]);
  });

  it('is checked even when no point is there', () => {
    expect(() => effects([{ setPayload: { x: Number.NaN }, ids: [9] }])).toThrow(refused('INVALID_ARGUMENT'));
    expect(() => effects([{ setPayload: {}, ids: [9], key: 'a..b' }])).toThrow(refused('INVALID_ARGUMENT'));
    expect(() => effects([{ upsert: [point(9, 1, { x: Number.NaN })] }])).toThrow(/^point 9: payload at "x"/);
  });
});

describe('a version named', () => {
  it.each<[string, WriteOperation]>([
    ['upsert', { upsert: [point(1)], ifVersion: 3 }],
    ['insert', { upsert: [point(9)], ifVersion: 0 }],
    ['delete', { delete: [1], ifVersion: 3 }],
    ['vectors', { updateVectors: [point(1)], ifVersion: 3 }],
    ['payload', { setPayload: { x: 1 }, ids: [1], ifVersion: 3 }],
  ])('lets the %s through when it is the one', (_, operation) => {
    expect(resolve([operation], context()).results).toEqual([{ applied: 1, ignored: 0 }]);
  });

  it.each<[string, WriteOperation, RegExp]>([
    ['upsert', { upsert: [point(1)], ifVersion: 2 }, /point 1: its version is 3, expected 2/],
    ['insert', { upsert: [point(1)], ifVersion: 0 }, /its version is 3, expected 0/],
    ['update', { upsert: [point(9)], mode: 'update_only', ifVersion: 5 }, /point 9: it does not exist/],
    ['delete', { delete: [1, 2], ifVersion: 3 }, /point 2: its version is 4/],
    ['vectors', { updateVectors: [point(9)], ifVersion: 3 }, /version 0/],
    ['clear', { clearPayload: [1], ifVersion: 1 }, /expected 1/],
  ])('refuses the whole batch of another %s', (_, operation, message) => {
    const at = context();
    const batch = [{ upsert: [point(50), point(51)] }, operation];
    expect(() => resolve(batch, at)).toThrow(message);
    expect(() => resolve(batch, at)).toThrow(refused('VERSION_CONFLICT'));
    expect(at.rows.next).toBe(20);
    expect(at.view.get(50n)).toBeUndefined();
    expect(at.view.get(51n)).toBeUndefined();
    expect(at.view.get(2n)?.row).toBe(1);
  });

  it('is that of the batch itself for what the batch has changed', () => {
    const at = context(10);
    expect(() => resolve([{ upsert: [point(1)] }, { delete: [1], ifVersion: 3 }], at)).toThrow(/its version is 10/);
    resolve([{ upsert: [point(1)] }], at);
    expect(resolve([{ delete: [1], ifVersion: 10 }], { ...at, seq: 11 }).results[0]?.applied).toBe(1);
  });
});

describe('batches of one group', () => {
  it('see the ones before, but not one that was refused', () => {
    const at = context(10);
    resolve([{ upsert: [point(5)] }], at);
    expect(() =>
      resolve([{ upsert: [point(5), point(6)] }, { delete: [5] }, { delete: [null as never] }], at),
    ).toThrow();
    const { ops } = resolve([{ upsert: [point(5), point(6)] }, { setPayload: { x: 1 }, ids: [1] }], { ...at, seq: 11 });
    expect(short(ops)).toEqual([
      ['put', 5n, 21, 20, 1, null],
      ['put', 6n, 22, null, 1, null],
      ['payload', 1n, 0, { a: 1, b: { c: 2 }, x: 1 }],
    ]);
    expect(at.view.get(1n)).toMatchObject({ row: 0, seq: 11 });
  });

  it('are nothing when there is nothing to do', () => {
    expect(resolve([], context())).toEqual({ ops: [], results: [] });
    expect(resolve([{ delete: [77] }, { upsert: [] }], context()).ops).toEqual([]);
  });
});

describe('an operation', () => {
  it.each([{}, { unknown: 1 }, { upsert: [], delete: [] }, { setPayload: {}, overwritePayload: {}, ids: [] }])(
    'is not %j',
    (operation) => {
      expect(() => effects([operation as WriteOperation])).toThrow(refused('INVALID_ARGUMENT'));
    },
  );

  it('has a mode that is known', () => {
    expect(() => effects([{ upsert: [], mode: 'replace' as never }])).toThrow(/expected one of upsert, insert_only/);
  });

  it('names ids by the rules of the collection', () => {
    expect(() => effects([{ delete: ['text'] }])).toThrow(refused('INVALID_ARGUMENT'));
    const batch = [{ upsert: [point('text')] }];
    expect(effects(batch, context(1, { ids: { strings: true } }))).toEqual([['put', 'text', 20, null, 1, null]]);
  });
});

describe('row numbers', () => {
  it('end at 95% of a u32, and a batch that finds none gives all back', () => {
    const rows = new RowAllocator(ROWS_USABLE - 1);
    const at = context(1, { rows });
    expect(() => resolve([{ upsert: [point(5), point(6)] }], at)).toThrow(refused('ROWS_EXHAUSTED'));
    expect(effects([{ upsert: [point(5)] }], at)).toHaveLength(1);
    expect(() => rows.take()).toThrow(/4080218931 row numbers/);
    expect(effects([{ delete: [1] }], at)).toHaveLength(1);
  });
});
