import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../test/vector-files.js';
import { encodePayload } from '../payload/payload-codec.js';
import type { PointId } from '../payload/point.js';
import { checkMeta } from './check-meta.js';
import { encodeIdKey } from './id-key.js';
import type { MetaEffect, MetaRecord } from './meta-batch.js';
import { type MetaStore, openMetaStore } from './meta-store.js';
import { type MetaTables, openTables, STATE_KEY } from './meta-tables.js';
import { decodeUndo, encodeUndo, encodeUndoKey, type UndoChange, type UndoEntry } from './undo.js';

const folder = temporaryFolder();
const MAP_BYTES = 2 ** 26;
const opened: MetaStore[] = [];
let folders = 0;

afterEach(async () => {
  for (const store of opened.splice(0)) await store.close();
});

function open(path = folder.file(`store-${folders++}`)): MetaStore {
  const store = openMetaStore(path, { mapBytes: MAP_BYTES, reserveBytes: 0 });
  opened.push(store);
  return store;
}

/** The tables as they lie there, but for the undo entries, of which the numbers are told. */
async function dump(store: MetaStore): Promise<{ tables: string[]; undo: number[] }> {
  await store.close();
  const { environment, points, rows, dead, state, undo } = openTables(store.path, MAP_BYTES);
  // As good as none.
  if (store.state.appliedSeq === 0) await environment.batch(() => state.remove(STATE_KEY));
  const tables = [points, rows, dead, state].flatMap((table) =>
    Array.from((table as MetaTables['points']).getRange({}), ({ key, value }) => `${hex(key)} ${hex(value)}`),
  );
  const numbers = Array.from(undo.getKeys({}), (key) => Number(Buffer.from(key).readBigUInt64BE()));
  await environment.close();
  return { tables, undo: numbers };
}

function hex(bytes: Uint8Array | number): string {
  return typeof bytes === 'number' ? String(bytes) : Buffer.from(bytes).toString('hex');
}

async function damage(store: MetaStore, change: (tables: MetaTables) => void): Promise<MetaStore> {
  await store.close();
  const tables = openTables(store.path, MAP_BYTES);
  await tables.environment.batch(() => change(tables));
  await tables.environment.close();
  return open(store.path);
}

async function problems(store: MetaStore): Promise<string[]> {
  const snapshot = store.snapshot();
  const found: string[] = [];
  for await (const { code, message } of checkMeta(snapshot)) found.push(`${code}: ${message}`);
  snapshot.release();
  return found;
}

const IDS: readonly PointId[] = [1n, 2n, 3n, 2n ** 64n - 1n, '550e8400-e29b-41d4-a716-446655440000', 'text', 'ü'];

interface Step {
  id: number;
  what: 'put' | 'delete' | 'payload';
  payload: number | null;
  /** Skipped before a new row, so that dead rows fall into several chunks. */
  gap: number;
}

/** What the commit queue would make of the steps: rows assigned once each, what is replaced named. */
function createRecords(batches: readonly (readonly Step[])[]): MetaRecord[] {
  const rows = new Map<PointId, number>();
  let nextRow = 0;
  return batches.map((steps, at) => {
    const ops: MetaEffect[] = [];
    for (const { id: number, what, payload: size, gap } of steps) {
      const id = IDS[number] as PointId;
      const payload = size === null ? null : encodePayload({ text: 'x'.repeat(size), at });
      const row = rows.get(id);
      if (what === 'put') {
        nextRow += gap;
        ops.push({ kind: 'put', id, row: nextRow, dead: row ?? null, payload });
        rows.set(id, nextRow);
        nextRow += 1;
      } else if (row === undefined) continue;
      else if (what === 'payload') ops.push({ kind: 'payload', id, row, payload });
      else {
        ops.push({ kind: 'delete', id, row });
        rows.delete(id);
      }
    }
    return { seq: at + 1, ops };
  });
}

const step: fc.Arbitrary<Step> = fc.record({
  id: fc.nat(IDS.length - 1),
  what: fc.constantFrom('put', 'put', 'put', 'delete', 'payload'),
  payload: fc.option(fc.constantFrom(0, 1, 50, 3000), { freq: 4 }),
  gap: fc.constantFrom(0, 0, 0, 40_000),
});
const history = fc.array(fc.array(step, { maxLength: 6 }), { minLength: 1, maxLength: 14, size: 'max' });
const groupSize = fc.integer({ min: 1, max: 4 });

/** In groups of changing sizes. `durable` says what is durable when the group with this last record is applied. */
async function applyAll(
  store: MetaStore,
  records: readonly MetaRecord[],
  sizes: readonly number[],
  durable: (last: number) => number,
): Promise<void> {
  let at = 0;
  for (let group = 0; at < records.length; group += 1) {
    const part = records.slice(at, at + (sizes[group % sizes.length] as number));
    await store.apply(part, durable(part.at(-1)?.seq ?? 0));
    at += part.length;
  }
}

/** Puts `count` records there with one new point each, and then one that replaces a point. */
async function filled(count: number): Promise<MetaStore> {
  const store = open();
  const records = Array.from({ length: count }, (_, row): MetaRecord => {
    const op: MetaEffect = { kind: 'put', id: BigInt(row), row, dead: null, payload: encodePayload({ row }) };
    return { seq: row + 1, ops: [op] };
  });
  await store.apply(records, 0);
  return store;
}

describe('rolling back', () => {
  it('to any record leaves what a store has that applied no later one, and the rest can be applied again', async () => {
    await fc.assert(
      fc.asyncProperty(
        history,
        fc.array(groupSize, { minLength: 1, maxLength: 4 }),
        fc.nat(),
        async (steps, sizes, k) => {
          const records = createRecords(steps);
          const target = k % (records.length + 1);
          const store = open();
          await applyAll(store, records, sizes, () => 0);
          expect(await store.rollBack(target)).toBe(records.length - target);
          expect(await problems(store)).toEqual([]);
          const plain = open();
          await applyAll(plain, records.slice(0, target), [3], (last) => last);
          expect((await dump(store)).tables).toEqual((await dump(plain)).tables);
          const again = open(store.path);
          expect((await dump(again)).undo).toEqual(records.slice(0, target).map(({ seq }) => seq));
          const on = open(store.path);
          await applyAll(on, records, sizes, () => 0);
          const whole = open();
          await applyAll(whole, records, [records.length], (last) => last);
          expect((await dump(on)).tables).toEqual((await dump(whole)).tables);
        },
      ),
      { numRuns: 15 },
    );
  }, 60_000);

  it('goes as far as records are not durable, while entries of durable ones are dropped', async () => {
    const lag = fc.nat(5);
    await fc.assert(
      fc.asyncProperty(history, fc.array(fc.tuple(groupSize, lag), { minLength: 1 }), async (steps, groups) => {
        const records = createRecords(steps);
        const store = open();
        let durable = 0;
        let group = 0;
        const sizes = groups.map(([size]) => size);
        await applyAll(store, records, sizes, (last) => {
          durable = Math.max(durable, last - (groups[group++ % groups.length]?.[1] ?? 0));
          return durable;
        });
        const path = store.path;
        const { undo } = await dump(store);
        expect(undo.filter((seq) => seq > durable)).toEqual(
          records.map(({ seq }) => seq).filter((seq) => seq > durable),
        );
        const back = open(path);
        await back.rollBack(durable);
        const plain = open();
        await plain.apply(records.slice(0, durable));
        expect((await dump(back)).tables).toEqual((await dump(plain)).tables);
      }),
      { numRuns: 12 },
    );
  }, 60_000);

  it('takes many records back in several transactions, and goes on where it was cut short', async () => {
    const store = await filled(2500);
    expect(await store.rollBack(2490)).toBe(10);
    expect(await store.rollBack(5)).toBe(2485);
    expect(store.state).toEqual({ appliedSeq: 5, nextRow: 5, points: 5, hasFields: false });
    expect(await problems(store)).toEqual([]);
    expect((await dump(store)).undo).toEqual([1, 2, 3, 4, 5]);
  });

  it('does nothing where nothing lies above', async () => {
    const store = await filled(3);
    expect(await store.rollBack(3)).toBe(0);
    expect(await store.rollBack(99)).toBe(0);
    expect(store.state.appliedSeq).toBe(3);
  });

  it('takes a row out of the dead ones only if the record put it there', async () => {
    const store = await filled(2);
    await store.apply([{ seq: 3, ops: [{ kind: 'delete', id: 0n, row: 0 }] }], 0);
    await store.apply([{ seq: 4, ops: [{ kind: 'put', id: 1n, row: 2, dead: 1, payload: null }] }], 0);
    await store.rollBack(3);
    const snapshot = store.snapshot();
    expect([...snapshot.deadRows()]).toEqual([0]);
    expect(snapshot.recordOf(1)).toMatchObject({ id: 1n, seq: 2 });
    expect(snapshot.recordOf(2)).toBeUndefined();
    expect(snapshot.nextRow).toBe(2);
  });

  it('changes nothing and says which entry is missing or damaged when one is', async () => {
    const gone = await damage(await filled(9), ({ undo }) => undo.remove(encodeUndoKey(4)));
    await expect(gone.rollBack(2)).rejects.toMatchObject({
      code: 'CORRUPT',
      message: expect.stringMatching(/is at record 9, but the log ends with record 2, and record 4 cannot be taken/),
    });
    expect(gone.state.appliedSeq).toBe(9);
    expect(await gone.rollBack(4)).toBe(5);
    const damaged = await damage(await filled(9), ({ undo }) => undo.put(encodeUndoKey(4), Buffer.alloc(25)));
    await expect(damaged.rollBack(2)).rejects.toThrow(/undo entry of record 4: found no change at byte 24 of 25/);
    expect(await problems(damaged)).toEqual([expect.stringMatching(/^UNREADABLE: table undo: .*record 4/)]);
  });

  it('is not possible behind a bulk load, which no log has', async () => {
    const store = open();
    await store.bulkLoad([{ id: 1n, row: 0, payload: null }], 1);
    await expect(store.rollBack(0)).rejects.toMatchObject({ code: 'CORRUPT' });
  });
});

describe('undo entries', () => {
  it('are not stored of records that are durable when they are applied', async () => {
    const store = open();
    const ops = (row: number): MetaEffect[] => [{ kind: 'put', id: BigInt(row), row, dead: null, payload: null }];
    await store.apply([{ seq: 1, ops: ops(0) }]);
    await store.apply([{ seq: 2, ops: ops(1) }], 2);
    await store.apply([{ seq: 3, ops: ops(2) }], 2);
    await store.apply([{ seq: 4, ops: ops(3) }], 9);
    expect((await dump(store)).undo).toEqual([]);
  });

  it('are dropped once their records are durable, also by who opens the store later, some at a time', async () => {
    const first = await filled(600);
    await first.close();
    const store = open(first.path);
    await store.apply([{ seq: 601, ops: [] }], 400);
    await store.apply([{ seq: 602, ops: [] }], 400);
    expect((await dump(store)).undo).toEqual(Array.from({ length: 202 }, (_, i) => 401 + i));
    const later = open(first.path);
    await later.apply([{ seq: 603, ops: [] }]);
    expect(await problems(later)).toEqual([]);
    expect((await dump(later)).undo).toEqual([]);
  });

  it('of a record that is not applied are a problem', async () => {
    const entry = encodeUndo({ state: { appliedSeq: 9, nextRow: 0, points: 0 }, changes: [] });
    const store = await damage(await filled(9), ({ undo }) => undo.put(encodeUndoKey(10), entry));
    expect(await problems(store)).toEqual(['SEQ_BEYOND_APPLIED: undo entry of record 10; 9 is the last']);
  });

  it('cannot lie under a key that is no number of a record', async () => {
    const store = await filled(1);
    await expect(damage(store, ({ undo }) => undo.put(Uint8Array.of(255, 1), Buffer.alloc(1)))).rejects.toMatchObject({
      code: 'CORRUPT',
      message: "metadata: found the undo key ff01; expected a record's number in 8 bytes",
    });
  });
});

describe('the bytes of an undo entry', () => {
  const example: UndoEntry = {
    state: { appliedSeq: 6, nextRow: 9, points: 2 },
    changes: [
      { of: 'point', idKey: encodeIdKey('a'), row: null },
      { of: 'row', row: 9, record: null },
      { of: 'point', idKey: encodeIdKey('b'), row: 4 },
      { of: 'row', row: 4, record: Uint8Array.of(7, 8) },
      { of: 'dead', row: 4 },
    ],
  };

  it('are as they are documented', () => {
    const state = '0600000000000000 0900000000000000 0200000000000000';
    const changes = '01 0200 0361  03 09000000  02 0200 0362 04000000  04 04000000 02000000 0708  05 04000000';
    const bytes = Buffer.from(`${state}${changes}`.replaceAll(' ', ''), 'hex');
    expect(hex(encodeUndo(example))).toBe(hex(bytes));
    expect(encodeUndo(decodeUndo(bytes, 7))).toEqual(bytes);
    expect(hex(encodeUndoKey(258))).toBe('0000000000000102');
  });

  it('are the same after being read, and cut or with others in their place they are an error or another entry', () => {
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 9 });
    const row = fc.nat(2 ** 32 - 1);
    const change: fc.Arbitrary<UndoChange> = fc.oneof(
      fc.record({ of: fc.constant('point' as const), idKey: bytes, row: fc.option(row) }),
      fc.record({ of: fc.constant('row' as const), row, record: fc.option(bytes) }),
      fc.record({ of: fc.constant('dead' as const), row }),
    );
    const safe = fc.maxSafeNat();
    const state = fc.record({ appliedSeq: fc.nat(99), nextRow: safe, points: safe });
    const entry = fc.record({ state, changes: fc.array(change) });
    fc.assert(
      fc.property(entry, fc.nat(), fc.nat(255), (made, at, value) => {
        const encoded = encodeUndo(made);
        const decoded = decodeUndo(encoded, 100);
        expect(decoded.state).toEqual(made.state);
        expect(encodeUndo(decoded)).toEqual(encoded);
        const damaged = Buffer.from(encoded);
        damaged[at % damaged.length] = value;
        for (const wrong of [encoded.subarray(0, at % encoded.length), damaged]) {
          try {
            decodeUndo(wrong, 100);
          } catch (error) {
            expect(error).toMatchObject({ code: 'CORRUPT' });
          }
        }
      }),
    );
  });

  it('name a record before their own', () => {
    expect(() => decodeUndo(encodeUndo(example), 6)).toThrow(/record 6: found record 6 before it/);
  });
});
