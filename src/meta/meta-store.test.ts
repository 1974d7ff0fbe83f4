import { setImmediate, setTimeout } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../test/vector-files.js';
import { decodePayload, encodePayload } from '../payload/payload-codec.js';
import type { PointId } from '../payload/point.js';
import type { MetaEffect, MetaRecord } from './meta-batch.js';
import type { MetaSnapshot } from './meta-snapshot.js';
import { type MetaStore, type MetaStoreOptions, openMetaStore } from './meta-store.js';
import { encodeState, openTables, STATE_KEY } from './meta-tables.js';

const folder = temporaryFolder();
const opened: MetaStore[] = [];
let folders = 0;

afterEach(async () => {
  for (const store of opened.splice(0)) await store.close();
});

function open(path = folder.file(`store-${folders++}`), options: MetaStoreOptions = {}): MetaStore {
  const store = openMetaStore(path, { mapBytes: 2 ** 26, reserveBytes: 0, ...options });
  opened.push(store);
  return store;
}

async function reopen(store: MetaStore): Promise<MetaStore> {
  await store.close();
  return open(store.path);
}

function put(id: PointId, row: number, dead: number | null = null, payload: object | null = { row }): MetaEffect {
  return { kind: 'put', id, row, dead, payload: payload === null ? null : encodePayload({ ...payload }) };
}

function look(snapshot: MetaSnapshot): unknown {
  const points = snapshot.scan({}, 1000).map(({ id, row }) => {
    const record = snapshot.recordOf(row);
    const payload = record?.payload == null ? null : decodePayload(record.payload);
    return { id, row, holder: record?.id, seq: record?.seq, payload };
  });
  return { seq: snapshot.seq, next: snapshot.nextRow, count: snapshot.count, dead: [...snapshot.deadRows()], points };
}

function seen(store: MetaStore): unknown {
  const snapshot = store.snapshot();
  try {
    return look(snapshot);
  } finally {
    snapshot.release();
  }
}

const uuid = '550e8400-e29b-41d4-a716-446655440000';

const history: MetaRecord[] = [
  { seq: 1, ops: [put(7n, 0), put(uuid, 1), put('text', 2, null, null), put(2n ** 64n - 1n, 3)] },
  { seq: 2, ops: [put(7n, 4, 0, { a: 1 }), { kind: 'delete', id: uuid, row: 1 }] },
  { seq: 4, ops: [{ kind: 'payload', id: 'text', row: 2, payload: encodePayload({ t: 2 }) }] },
];

const afterwards = {
  seq: 4,
  next: 5,
  count: 3,
  dead: [0, 1],
  points: [
    { id: 7n, row: 4, holder: 7n, seq: 2, payload: { a: 1 } },
    { id: 2n ** 64n - 1n, row: 3, holder: 2n ** 64n - 1n, seq: 1, payload: { row: 3 } },
    { id: 'text', row: 2, holder: 'text', seq: 4, payload: { t: 2 } },
  ],
};

describe('applying records', () => {
  it('gives the same in one group, one by one, and after opening again', async () => {
    const grouped = open();
    await grouped.apply(history);
    expect(seen(grouped)).toEqual(afterwards);
    const single = open();
    for (const record of history) await single.apply([record]);
    expect(seen(single)).toEqual(afterwards);
    expect(seen(await reopen(single))).toEqual(afterwards);
  });

  it('passes over records that are applied already', async () => {
    const store = open();
    await store.apply(history.slice(0, 2));
    await store.apply(history);
    await store.apply(history);
    expect(seen(await reopen(store))).toEqual(afterwards);
  });

  it('applies calls in their order, also those not waited for', async () => {
    const store = open();
    await Promise.all(history.map((record) => store.apply([record])));
    expect(seen(store)).toEqual(afterwards);
    expect(store.state).toEqual({ appliedSeq: 4, nextRow: 5, points: 3, hasFields: false });
  });

  it('ends with a dead row where a row was assigned and replaced in one record', async () => {
    const store = open();
    await store.apply([{ seq: 1, ops: [put(1n, 0), put(1n, 1, 0), put(1n, 2, 1), put(2n, 3)] }]);
    await store.apply([{ seq: 2, ops: [{ kind: 'delete', id: 2n, row: 3 }, put(2n, 4)] }]);
    expect(seen(store)).toMatchObject({
      count: 2,
      dead: [0, 1, 3],
      points: [
        { id: 1n, row: 2 },
        { id: 2n, row: 4 },
      ],
    });
  });

  it('moves on with a record that changes nothing', async () => {
    const store = open();
    await store.apply([{ seq: 9, ops: [] }]);
    expect((await reopen(store)).state.appliedSeq).toBe(9);
  });

  it('refuses records out of order, and changes nothing then', async () => {
    const store = open();
    const [first, second] = history as [MetaRecord, MetaRecord];
    await expect(store.apply([second, first])).rejects.toMatchObject({ code: 'INTERNAL' });
    await store.apply(history);
    expect(seen(store)).toEqual(afterwards);
  });

  it('keeps dead rows of many chunks, few and many in one', async () => {
    const store = open();
    const rows = Array.from({ length: 5000 }, (_, i) => 65_000 + i);
    await store.apply([{ seq: 1, ops: rows.map((row) => put(BigInt(row), row)) }]);
    const kill = (some: number[]): MetaEffect[] => some.map((row) => ({ kind: 'delete', id: BigInt(row), row }));
    await store.apply([{ seq: 2, ops: kill(rows.slice(1, 10)) }]);
    await store.apply([{ seq: 3, ops: kill(rows.slice(10)) }]);
    const snapshot = (await reopen(store)).snapshot();
    expect([...snapshot.deadRows()]).toEqual(rows.slice(1));
    expect(snapshot.count).toBe(1);
  });

  it('forgets dead rows that nothing holds any more', async () => {
    const store = open();
    await store.apply(history);
    await store.forgetDead([0, 3]);
    expect(seen(await reopen(store))).toMatchObject({ dead: [1], count: 3 });
  });
});

describe('a snapshot', () => {
  it('stays as it was while later records are applied', async () => {
    const store = open();
    await store.apply([{ seq: 1, ops: [put(1n, 0), put(2n, 1)] }]);
    const first = store.snapshot();
    const before = look(first);
    await store.apply([{ seq: 2, ops: [put(1n, 2, 0), { kind: 'delete', id: 2n, row: 1 }, put(3n, 3)] }]);
    const second = store.snapshot();
    for (let seq = 3; seq < 200; seq += 1) {
      await store.apply([{ seq, ops: [put(3n, seq + 1, seq, { text: 'x'.repeat(500) })] }]);
    }
    expect(look(first)).toEqual(before);
    expect(look(second)).toMatchObject({ seq: 2, count: 2, dead: [0, 1], points: [{ row: 2 }, { row: 3 }] });
    expect(first.rowOf(3n)).toBeUndefined();
    expect(second.rowOf(3n)).toBe(3);
    expect(store.openSnapshots).toBe(2);
  });

  it('is of the last commit, also when reads came before it in the same turn', async () => {
    const store = open();
    for (let seq = 1; seq < 50; seq += 1) {
      store.snapshot().release();
      await store.apply([{ seq, ops: [put(BigInt(seq), seq)] }]);
      const snapshot = store.snapshot();
      expect(snapshot.seq).toBe(seq);
      expect(snapshot.rowOf(BigInt(seq))).toBe(seq);
      snapshot.release();
    }
    expect(store.openSnapshots).toBe(0);
  });

  it('is one of many, taken and released in any order while commits go on', async () => {
    const action = fc.constantFrom('apply', 'apply', 'take', 'take', 'release', 'read', 'tick', 'wait');
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(action, fc.nat()), { maxLength: 120 }), async (actions) => {
        const store = open();
        const held: MetaSnapshot[] = [];
        let seq = 0;
        for (const [what, pick] of actions) {
          if (what === 'apply') {
            seq += 1;
            await store.apply([
              { seq, ops: [put(1n, seq, seq === 1 ? null : seq - 1), put(BigInt(seq + 9), 1000 + seq)] },
            ]);
          } else if (what === 'take') held.push(store.snapshot());
          else if (what === 'release') held.splice(pick % (held.length + 1), 1)[0]?.release();
          else if (what === 'tick') await setImmediate();
          else if (what === 'wait') await setTimeout(1);
          if (what === 'take') expect(held.at(-1)?.seq).toBe(seq);
          for (const snapshot of what === 'read' ? held : []) {
            const at = snapshot.seq;
            expect(snapshot.rowOf(1n)).toBe(at === 0 ? undefined : at);
            expect(snapshot.scan({ after: 1n }, 1000)).toHaveLength(at);
            expect([...snapshot.deadRows()]).toEqual(Array.from({ length: Math.max(0, at - 1) }, (_, i) => i + 1));
          }
        }
        expect(store.openSnapshots).toBe(held.length);
        await store.close();
      }),
      { numRuns: 12 },
    );
  });

  it('reads many rows at once, in their order, with gaps where there is no point', async () => {
    const store = open();
    await store.apply(history);
    const snapshot = store.snapshot();
    await snapshot.prefetch([4, 1, 3]);
    await snapshot.prefetch([]);
    expect(snapshot.recordsOf(Uint32Array.of(4, 1, 3, 99)).map((record) => record?.id)).toEqual([
      7n,
      undefined,
      2n ** 64n - 1n,
      undefined,
    ]);
  });

  it('scans ids from one, after one, and up to a limit', async () => {
    const store = open();
    await store.apply([{ seq: 1, ops: [10n, 20n, 30n, uuid, 'z'].map((id, row) => put(id, row)) }]);
    const snapshot = store.snapshot();
    const ids = (...scan: Parameters<MetaSnapshot['scan']>): PointId[] => snapshot.scan(...scan).map(({ id }) => id);
    expect(ids({}, 2)).toEqual([10n, 20n]);
    expect(ids({ from: 20n }, 2)).toEqual([20n, 30n]);
    expect(ids({ from: 15n }, 2)).toEqual([20n, 30n]);
    expect(ids({ after: 20n }, 2)).toEqual([30n, uuid]);
    expect(ids({ after: 15n }, 2)).toEqual([20n, 30n]);
    expect(ids({ after: uuid }, 9)).toEqual(['z']);
    expect(ids({ after: 'z' }, 9)).toEqual([]);
    expect(ids({}, 0)).toEqual([]);
  });

  it('takes payloads of any size', async () => {
    const store = open();
    const text = 'ü'.repeat(12_000_000);
    await store.apply([{ seq: 1, ops: [put(1n, 0, null, { text }), put(2n, 1)] }]);
    const snapshot = store.snapshot();
    const [large, small] = snapshot.recordsOf([0, 1]);
    expect(decodePayload(large?.payload as Uint8Array).text === text).toBe(true);
    expect(decodePayload(small?.payload as Uint8Array)).toEqual({ row: 1 });
  });

  it('cannot be read once it is released, by itself or by the store that closed', async () => {
    const store = open();
    await store.apply(history);
    const [one, two] = [store.snapshot(), store.snapshot()];
    one.release();
    one.release();
    await store.close();
    for (const snapshot of [one, two]) {
      for (const read of [
        () => snapshot.rowOf(7n),
        () => snapshot.recordOf(4),
        () => snapshot.scan({}, 1),
        () => snapshot.scanRows(0, 1),
        () => snapshot.deadRows(),
        () => snapshot.deadChunk(0),
      ]) {
        expect(read).toThrow(expect.objectContaining({ code: 'CLOSED' }));
      }
      await expect(snapshot.prefetch([1])).rejects.toMatchObject({ code: 'CLOSED' });
    }
  });
});

describe('a bulk load', () => {
  const points = Array.from({ length: 5001 }, (_, i) => ({ id: BigInt(3 * i), row: i, payload: encodePayload({ i }) }));

  it('fills an empty store', async () => {
    const store = open();
    expect(await store.bulkLoad(points, 5)).toBe(5001);
    const snapshot = (await reopen(store)).snapshot();
    expect(snapshot).toMatchObject({ seq: 5, count: 5001, nextRow: 5001 });
    expect(snapshot.rowOf(3000n)).toBe(1000);
    expect(snapshot.recordOf(5000)).toMatchObject({ id: 15_000n, seq: 5 });
  });

  it('takes an async source, also an empty one', async () => {
    const store = open();
    const none = (async function* (): AsyncGenerator<never> {})();
    expect(await store.bulkLoad(none, 1)).toBe(0);
    expect(store.state).toEqual({ appliedSeq: 1, nextRow: 0, points: 0, hasFields: false });
  });

  it('refuses ids that do not ascend, and a store that is not empty', async () => {
    const store = open();
    const [first, second] = points as [(typeof points)[0], (typeof points)[0]];
    await expect(store.bulkLoad([second, first], 1)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(store.bulkLoad([first, first], 1)).rejects.toThrow(/sort by id/);
    await store.apply(history);
    await expect(store.bulkLoad(points, 9)).rejects.toMatchObject({ code: 'ALREADY_EXISTS' });
    expect(seen(store)).toEqual(afterwards);
  });

  it('that was cut short is told by its state', async () => {
    const store = open();
    const cut = (function* (): Generator<(typeof points)[0]> {
      yield* points.slice(0, 4500);
      throw new Error('the source ended');
    })();
    await expect(store.bulkLoad(cut, 1)).rejects.toThrow('the source ended');
    expect((await reopen(store)).state).toEqual({ appliedSeq: 0, nextRow: 4000, points: 4000, hasFields: false });
  });
});

describe('a full disk', () => {
  it('is answered before anything is written, and reads go on', async () => {
    let free = 1e9;
    const store = open(undefined, { reserveBytes: 1000, measureFree: () => free });
    await store.apply(history);
    free = 400;
    expect(() => store.checkSpace(0)).toThrow(expect.objectContaining({ code: 'DISK_FULL', httpStatus: 507 }));
    await expect(store.apply([{ seq: 5, ops: [put(1n, 9)] }])).rejects.toMatchObject({ code: 'DISK_FULL' });
    expect(seen(store)).toEqual(afterwards);
    free = 1e9;
    await store.apply([{ seq: 5, ops: [put(1n, 9)] }]);
    expect(seen(store)).toMatchObject({ seq: 5, count: 4 });
  });

  it('lets a group through that was in the WAL before the reserve was touched', async () => {
    const store = open(undefined, { reserveBytes: 10_000, measureFree: () => 9000 });
    expect(() => store.checkSpace(0)).toThrow();
    await store.apply(history);
    expect(seen(store)).toEqual(afterwards);
  });
});

describe('a store', () => {
  it('grows past the size it was mapped with, while snapshots of the smaller one are read', async () => {
    const store = open(undefined, { mapBytes: 2 ** 18 });
    await store.apply(history);
    const before = store.snapshot();
    for (let seq = 5; seq < 45; seq += 1) {
      const ops = Array.from({ length: 100 }, (_, i) =>
        put(BigInt(seq * 1000 + i), seq * 100 + i, null, { text: 'x'.repeat(400) }),
      );
      await store.apply([{ seq, ops }]);
    }
    expect(store.fileBytes).toBeGreaterThan(4 * 2 ** 18);
    expect(look(before)).toEqual(afterwards);
    const after = store.snapshot();
    expect(after.count).toBe(4003);
    expect(after.recordOf(4499)?.id).toBe(44_099n);
    expect((await reopen(store)).state.points).toBe(4003);
  });

  it('refuses everything once closed, and closes again', async () => {
    const store = open();
    const last = store.apply(history);
    await store.close();
    await last;
    await store.close();
    await expect(store.apply(history)).rejects.toMatchObject({ code: 'CLOSED' });
    await expect(store.flushed()).rejects.toMatchObject({ code: 'CLOSED' });
    await expect(store.bulkLoad([], 1)).rejects.toMatchObject({ code: 'CLOSED' });
    expect(() => store.snapshot()).toThrow(expect.objectContaining({ code: 'CLOSED' }));
    expect(seen(open(store.path))).toEqual(afterwards);
  });

  it('says when all is on disk', async () => {
    const store = open();
    await store.flushed();
    const applied = store.apply(history);
    await store.flushed();
    await applied;
    expect(store.state.appliedSeq).toBe(4);
  });

  it('of a later format is left alone', async () => {
    const path = folder.file('later');
    const tables = openTables(path, 2 ** 20);
    const state = Buffer.from(encodeState({ appliedSeq: 1, nextRow: 0, points: 0, hasFields: false }));
    state.writeUInt32LE(3, 0);
    await tables.state.put(STATE_KEY, state);
    await tables.environment.close();
    expect(() => openMetaStore(path)).toThrow(expect.objectContaining({ code: 'TOO_NEW' }));
  });
});
