// Chunks of dead rows: which are forgotten and which not, and that a process which ends before leaves it to the next.
import { afterEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../test/vector-files.js';
import type { MetaEffect } from '../meta/meta-batch.js';
import { CHUNK_ROWS } from '../meta/dead-rows.js';
import { type MetaStore, openMetaStore } from '../meta/meta-store.js';
import { LiveRows } from '../read/live-rows.js';
import type { RowPart } from '../segment/row-probe.js';
import { forgetDead } from './forget-dead.js';

const folder = temporaryFolder();
const ROWS = 2 * CHUNK_ROWS + 10;
let folders = 0;
let store: MetaStore;

afterEach(() => store.close());

/** All rows of two chunks are dead but those named, and so are some of the third. */
async function dying(living: readonly number[]): Promise<void> {
  folders += 1;
  store = openMetaStore(folder.file(`store-${folders}`), { mapBytes: 2 ** 28, reserveBytes: 0 });
  const lives = new Set(living);
  const rows = Array.from({ length: ROWS }, (_, row) => row);
  const put = (row: number): MetaEffect => ({ kind: 'put', id: BigInt(row), row, dead: null, payload: null });
  await store.apply([{ seq: 1, ops: rows.map(put) }]);
  const dead = rows.filter((row) => !lives.has(row) && row < ROWS - 5);
  await store.apply([{ seq: 2, ops: dead.map((row) => ({ kind: 'delete', id: BigInt(row), row })) }]);
}

function part(holds: (row: number) => boolean): RowPart & { closed: boolean } {
  const made = {
    name: 'a part',
    closed: false,
    has: (rows: Uint32Array) => Uint8Array.from(rows, (row) => (holds(row) ? 1 : 0)),
    close: () => {
      made.closed = true;
    },
  };
  return made;
}

const durable = { stats: () => ({ durableSeq: 2 }), sync: () => Promise.reject(new Error('there is nothing to sync')) };
const chunksOf = (of: MetaStore): number[] => {
  const snapshot = of.snapshot();
  const chunks = snapshot.deadChunks().map(({ chunk }) => chunk);
  snapshot.release();
  return chunks;
};
const liveOf = (of: MetaStore): number[] => {
  const snapshot = of.snapshot();
  const rows = [...LiveRows.of(snapshot).rows];
  snapshot.release();
  return rows;
};

describe('dead rows', () => {
  it('are forgotten by chunks of which nothing is held, and what lives is known without them', async () => {
    await dying([]);
    const segment = part((row) => row >= 2 * CHUNK_ROWS);
    expect(await forgetDead({ meta: store, wal: durable, parts: () => [segment] })).toBe(2 * CHUNK_ROWS);
    expect(segment.closed).toBe(true);
    expect(chunksOf(store)).toEqual([2]);
    const lasting = Array.from({ length: 5 }, (_, at) => ROWS - 5 + at);
    expect(liveOf(store)).toEqual(lasting);
    const { path } = store;
    await store.close();
    store = openMetaStore(path);
    expect([chunksOf(store), liveOf(store)]).toEqual([[2], lasting]);
    expect(await forgetDead({ meta: store, wal: durable, parts: () => [] })).toBe(0);
  });

  it('stay where one row of the chunk lives, or is held by a segment or a delta', async () => {
    await dying([3]);
    const delta = part((row) => row === CHUNK_ROWS + 7);
    expect(await forgetDead({ meta: store, wal: durable, parts: () => [part(() => false), delta] })).toBe(0);
    expect(chunksOf(store)).toEqual([0, 1, 2]);
    expect(liveOf(store)).toContain(3);
  });

  it('are forgotten only once the log is durable, and stay when it cannot be', async () => {
    await dying([]);
    const parts = () => [part(() => false)];
    const failing = { stats: () => ({ durableSeq: 1 }), sync: () => Promise.reject(new Error('the disk is gone')) };
    await expect(forgetDead({ meta: store, wal: failing, parts })).rejects.toThrow('the disk is gone');
    expect(chunksOf(store)).toEqual([0, 1, 2]);
    let syncs = 0;
    const late = { stats: () => ({ durableSeq: 1 }), sync: async () => (syncs += 1) };
    expect(await forgetDead({ meta: store, wal: late, parts })).toBe(2 * CHUNK_ROWS);
    expect(syncs).toBe(1);
  });

  it('are forgotten by the next process where one ended before', async () => {
    await dying([]);
    const parts = () => [part(() => false)];
    const meta = { ...metaOf(store), forgetDead: () => Promise.reject(new Error('killed')) };
    await expect(forgetDead({ meta, wal: durable, parts })).rejects.toThrow('killed');
    const { path } = store;
    await store.close();
    store = openMetaStore(path);
    expect([chunksOf(store), liveOf(store).length]).toEqual([[0, 1, 2], 5]);
    expect(await forgetDead({ meta: store, wal: durable, parts })).toBe(2 * CHUNK_ROWS);
  });
});

function metaOf(of: MetaStore): Pick<MetaStore, 'snapshot' | 'state' | 'forgetDead'> {
  return { snapshot: () => of.snapshot(), state: of.state, forgetDead: (rows) => of.forgetDead(rows) };
}
