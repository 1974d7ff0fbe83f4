// What the metadata keeps of field indexes: which there are, their pages, and the rows to look at again.
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../test/vector-files.js';
import { resolveFieldSchema } from '../field/field-schema.js';
import { decodeColumns, encodeColumnKey, encodeHead, headKey, sealColumn } from './field-tables.js';
import type { MetaEffect } from './meta-batch.js';
import { openTables, STATE_KEY } from './meta-tables.js';
import { type MetaStore, openMetaStore } from './meta-store.js';

const folder = temporaryFolder();
const keyword = resolveFieldSchema('a', 'keyword');
const text = resolveFieldSchema('b', { type: 'text', text: { tokenizer: 'prefix' } });

const put = (row: number): MetaEffect => ({
  kind: 'put',
  id: BigInt(row),
  row,
  dead: null,
  payload: Uint8Array.of(0x80),
});
const change = (row: number): MetaEffect => ({ kind: 'payload', id: BigInt(row), row, payload: Uint8Array.of(0x80) });

async function view<T>(store: MetaStore, look: (snapshot: ReturnType<MetaStore['snapshot']>) => T): Promise<T> {
  const snapshot = store.snapshot();
  try {
    return look(snapshot);
  } finally {
    snapshot.release();
  }
}

function versionOf(path: string): number {
  const tables = openTables(path, 2 ** 20);
  const version = Buffer.from(tables.state.get(STATE_KEY) as Uint8Array).readUInt32LE(0);
  void tables.environment.close();
  return version;
}

describe('field indexes in the metadata', () => {
  it('are kept with their schemas, under numbers of their own', async () => {
    const path = folder.file('kept');
    let store = openMetaStore(path);
    await store.apply([{ seq: 1, ops: [put(0)] }]);
    expect(await store.addField('a', keyword)).toEqual({ id: 1, key: 'a', schema: keyword });
    expect(await store.addField('b', text)).toMatchObject({ id: 2 });
    await store.dropField(1);
    expect(await store.addField('c', keyword)).toMatchObject({ id: 3 });
    await store.close();
    store = openMetaStore(path);
    expect(await view(store, (snapshot) => snapshot.fieldDefinitions())).toEqual([
      { id: 2, key: 'b', schema: text },
      { id: 3, key: 'c', schema: keyword },
    ]);
    await store.close();
  });

  it('raise the version of the format for as long as there are any', async () => {
    const path = folder.file('version');
    const versions: number[] = [];
    for (const step of [
      (store: MetaStore) => store.apply([{ seq: 1, ops: [put(0)] }]),
      (store: MetaStore) => store.addField('a', keyword),
      (store: MetaStore) => store.apply([{ seq: 2, ops: [change(0)] }]),
      (store: MetaStore) => store.dropField(1),
    ]) {
      const store = openMetaStore(path);
      await step(store);
      await store.close();
      versions.push(versionOf(path));
    }
    expect(versions).toEqual([1, 2, 2, 1]);
  });

  it('are stored page by page, and tell which payloads changed since', async () => {
    const store = openMetaStore(folder.file('pages'));
    await store.apply([{ seq: 1, ops: [put(0), put(1), put(2), change(0)] }]);
    const { id } = await store.addField('a', keyword);
    await store.apply([{ seq: 2, ops: [change(1), put(3)] }]);
    expect(await view(store, (snapshot) => [snapshot.touchedRows(), snapshot.storedField(id)])).toEqual([
      [1],
      undefined,
    ]);
    const sets = Buffer.from('sets');
    const pages = [
      { part: 0, page: 3, bytes: Buffer.from('rows') },
      { part: 1, page: 0, bytes: Buffer.from('terms') },
    ];
    await store.storeFields([{ id, sets, pages }]);
    await store.apply([{ seq: 3, ops: [change(2)] }]);
    const [touched, stored] = await view(
      store,
      (snapshot) => [snapshot.touchedRows(), snapshot.storedField(id)] as const,
    );
    expect(touched).toEqual([2]);
    expect(stored).toMatchObject({ seq: 2, nextRow: 4 });
    expect(Buffer.from(stored?.sets ?? []).toString()).toBe('sets');
    expect(Buffer.from(stored?.pages.get(0)?.get(3) ?? []).toString()).toBe('rows');
    await store.storeFields([{ id, sets, pages: [{ part: 0, page: 3, bytes: undefined }] }]);
    const again = await view(store, (snapshot) => snapshot.storedField(id));
    expect([again?.seq, again?.pages.has(0), again?.pages.get(1)?.size]).toEqual([3, false, 1]);
    await store.forgetColumns(id);
    expect(await view(store, (snapshot) => snapshot.storedField(id))).toBeUndefined();
    await store.close();
  });

  it('notice every byte that is flipped', () => {
    const head = encodeHead(7, 100, Buffer.from('sets'));
    const page = sealColumn(Buffer.from('page of rows'));
    const read = (first: Uint8Array, second: Uint8Array) =>
      decodeColumns(1, [
        { key: encodeColumnKey(1, 0, 0), value: second },
        { key: headKey(1), value: first },
      ]);
    expect(read(head, page)).toMatchObject({ seq: 7, nextRow: 100 });
    for (const which of [0, 1] as const) {
      const sound = [head, page][which] as Uint8Array;
      for (let at = 0; at < sound.length; at += 1) {
        const bad = Uint8Array.from(sound);
        bad[at] = (bad[at] as number) ^ 0x10;
        const flipped = (): unknown => (which === 0 ? read(bad, page) : read(head, bad));
        expect(flipped).toThrow(expect.objectContaining({ code: 'CORRUPT' }));
      }
    }
  });
});
