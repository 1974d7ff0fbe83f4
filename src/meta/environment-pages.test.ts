import { copyFileSync, mkdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../test/vector-files.js';
import { checkMeta } from './check-meta.js';
import { checkEnvironmentFile } from './environment-file.js';
import { decodeMeta } from './environment-meta.js';
import type { MetaEffect } from './meta-batch.js';
import { type MetaStore, openMetaStore } from './meta-store.js';
import { encodePayload } from './payload-codec.js';

const folder = temporaryFolder();
const PAGE = 4096;
const LAST_BYTES = 40;
const corrupt = expect.objectContaining({ code: 'CORRUPT' });
let folders = 0;

function open(path = folder.file(`store-${folders++}`)): MetaStore {
  return openMetaStore(path, { reserveBytes: 0, mapBytes: 2 ** 24 });
}

function fileOf(path: string): string {
  return join(path, 'data.mdb');
}

/** A folder with the first `bytes` of the file. */
function cut(path: string, bytes: number): string {
  const copy = folder.file(`cut-${folders++}`);
  mkdirSync(copy);
  copyFileSync(fileOf(path), fileOf(copy));
  truncateSync(fileOf(copy), bytes);
  return copy;
}

/** The bytes that the copy that was synced last asks for. */
function bytesInUse(path: string): number {
  return (Number(decodeMeta(readFileSync(fileOf(path)), PAGE / 2).lastPage) + 1) * PAGE;
}

const text = (bytes: number) => encodePayload({ text: 'x'.repeat(bytes) });

function put(row: number, bytes: number, dead: number | null = null, id = BigInt(row)): MetaEffect {
  return { kind: 'put', id, row, dead, payload: text(bytes) };
}

/** Every row's payload, and nothing wrong with the store. */
async function contents(store: MetaStore): Promise<string[]> {
  const snapshot = store.snapshot();
  for await (const { message } of checkMeta(snapshot)) expect.fail(message);
  const rows = Array.from({ length: store.state.nextRow }, (_, row) => {
    const record = snapshot.recordOf(row);
    return `${row}: ${record?.id} ${Buffer.from(record?.payload ?? []).toString('base64')}`;
  });
  snapshot.release();
  return rows;
}

/** One point in one record: put with a long payload, again, and with a short one. The long are never written. */
async function replacedAtOnce(bytes: number, before: number): Promise<string> {
  const store = open();
  for (let row = 0; row < before; row += 1) await store.apply([{ seq: row + 1, ops: [put(row, 500)] }]);
  const id = BigInt(before);
  const ops = [
    put(before, bytes, null, id),
    put(before + 1, bytes, before, id),
    put(before + 2, LAST_BYTES, before + 1, id),
  ];
  await store.apply([{ seq: before + 1, ops }]);
  await store.close();
  return store.path;
}

/** Three levels of pages, short and long payloads, and free pages inside of the file and at its end. */
async function grown(): Promise<string> {
  const store = open();
  const rows = Array.from({ length: 900 }, (_, row) => row);
  await store.apply([{ seq: 1, ops: rows.map((row) => put(row, row % 100 === 3 ? 20_000 : 300)) }]);
  await store.apply([{ seq: 2, ops: rows.slice(100, 500).map((row) => ({ kind: 'delete', id: BigInt(row), row })) }]);
  await store.apply([{ seq: 3, ops: [put(900, 150_000)] }]);
  await store.apply([{ seq: 4, ops: [{ kind: 'delete', id: 900n, row: 900 }] }]);
  for (let seq = 5; seq < 12; seq += 1) await store.apply([{ seq, ops: [put(896 + seq, 10)] }]);
  await store.close();
  return store.path;
}

/** Cuts at every page: what is accepted is whole, and nothing below a cut that is refused is accepted. */
async function cutAtEveryPage(path: string): Promise<{ accepted: number; refused: number }> {
  const full = open(cut(path, statSync(fileOf(path)).size));
  const expected = await contents(full);
  await full.close();
  const pages = statSync(fileOf(path)).size / PAGE;
  let accepted = 0;
  for (; accepted < pages; accepted += 1) {
    const copy = cut(path, (pages - accepted) * PAGE);
    try {
      checkEnvironmentFile(copy);
    } catch (error) {
      expect(error).toMatchObject(corrupt);
      break;
    }
    const store = open(copy);
    expect(await contents(store)).toEqual(expected);
    await store.close();
    expect(statSync(fileOf(copy)).size).toBeGreaterThanOrEqual(bytesInUse(copy));
  }
  for (let left = pages - accepted; left > 0; left -= 1) {
    const copy = cut(path, left * PAGE);
    expect(() => open(copy), `${left} of ${pages} pages`).toThrow(corrupt);
  }
  return { accepted, refused: pages - accepted };
}

describe('a metadata file that ends before its last page in use', () => {
  it('is opened when LMDB left it so, and is as long as it should be then', async () => {
    let short = 0;
    for (let bytes = 3000; bytes <= 30_000; bytes += 1000) {
      const path = await replacedAtOnce(bytes, bytes % 7);
      if (statSync(fileOf(path)).size < bytesInUse(path)) short += 1;
      const store = open(path);
      expect(statSync(fileOf(path)).size).toBeGreaterThanOrEqual(bytesInUse(path));
      expect((await contents(store)).at(-1)).toContain(Buffer.from(text(LAST_BYTES)).toString('base64'));
      const row = store.state.nextRow;
      await store.apply([
        { seq: 99, ops: [put(row, 50_000), put(row + 1, 3000), put(row + 2, 30, row + 1, BigInt(row + 1))] },
      ]);
      const expected = await contents(store);
      await store.close();
      const again = open(path);
      expect(await contents(again)).toEqual(expected);
      await again.close();
    }
    // Or these are no such files.
    expect(short).toBeGreaterThan(5);
  });

  it('is refused when a page is missing that anything leads to, and opened when only free ones are', async () => {
    expect((await cutAtEveryPage(await grown())).accepted).toBeGreaterThan(20);
    expect((await cutAtEveryPage(await replacedAtOnce(20_000, 60))).refused).toBeGreaterThan(10);
  }, 60_000);

  it('is refused when pages lead elsewhere, and when its last page in use is none that it can have', async () => {
    const path = await grown();
    const whole = readFileSync(fileOf(path));
    const meta = decodeMeta(whole, PAGE / 2);
    const root = Number(meta.mainTree.readBigUInt64LE(40)) * PAGE;
    const short = cut(path, whole.length - PAGE);
    checkEnvironmentFile(short);
    const bytes = readFileSync(fileOf(short)).subarray(0, whole.length - PAGE);
    const damage = (at: number, value: number) => {
      const damaged = Buffer.from(bytes);
      damaged[at] = value;
      writeFileSync(fileOf(short), damaged);
      expect(() => open(short), `byte ${at}`).toThrow(corrupt);
    };
    // The root's number, kind, count of nodes and first node.
    for (const at of [0, 18, 21, 25]) damage(root + at, 0xf1);
    for (const at of [0, PAGE / 2, PAGE]) bytes[at + 148] = 1;
    damage(0, 0);
  });
});
