import {
  closeSync,
  copyFileSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../test/vector-files.js';
import { encodePayload } from '../payload/payload-codec.js';
import { checkMeta } from './check-meta.js';
import { checkEnvironmentFile } from './environment-file.js';
import { decodeMeta } from './environment-meta.js';
import { checkPagesInUse } from './environment-pages.js';
import type { MetaEffect } from './meta-batch.js';
import { type MetaStore, openMetaStore } from './meta-store.js';

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

function remove(row: number): MetaEffect {
  return { kind: 'delete', id: BigInt(row), row };
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

/**
 * Three levels of pages, short and long payloads, free pages inside of the file, and at its end what `last` wrote: the
 * roots of all trees move from there into the free pages with the records after it, which change row 1.
 */
async function grown(...last: readonly MetaEffect[][]): Promise<string> {
  const store = open();
  const rows = Array.from({ length: 900 }, (_, row) => row);
  const records = [
    rows.map((row) => put(row, row % 100 === 3 ? 20_000 : 300)),
    rows.slice(100, 500).map(remove),
    ...last,
    ...rows.slice(0, 8).map((n): MetaEffect[] => [{ kind: 'payload', id: 1n, row: 1, payload: text(n) }]),
  ];
  for (const [at, ops] of records.entries()) {
    await store.apply([{ seq: at + 1, ops }]);
    await store.flushed;
  }
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
    const many = Array.from({ length: 400 }, (_, i) => put(900 + i, 10));
    const long = [put(900, 150_000)];
    const cuts = {
      free: await cutAtEveryPage(await grown(long, [remove(900)])),
      long: await cutAtEveryPage(await grown(long)),
      many: await cutAtEveryPage(await grown(many)),
      small: await cutAtEveryPage(await replacedAtOnce(20_000, 60)),
    };
    expect(cuts.free.accepted).toBeGreaterThan(20);
    for (const { refused } of Object.values(cuts)) expect(refused).toBeGreaterThan(10);
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

/** A tree as others name it. */
function tree(root: bigint, depth: number, overflowPages = 0n): Buffer {
  const bytes = Buffer.alloc(48);
  bytes.writeUInt16LE(depth, 6);
  bytes.writeBigUInt64LE(overflowPages, 24);
  bytes.writeBigUInt64LE(root, 40);
  return bytes;
}

const EMPTY = tree(2n ** 64n - 1n, 0);

/** A page of 512 bytes with nodes from its end. */
function page(number: number, kind: number, nodes: readonly Buffer[]): Buffer {
  const bytes = Buffer.alloc(512);
  bytes.writeBigUInt64LE(BigInt(number), 0);
  bytes.writeUInt16LE(kind, 18);
  bytes.writeUInt16LE(2 * nodes.length, 20);
  let at = bytes.length;
  for (const [i, node] of nodes.entries()) {
    at -= node.length;
    node.copy(bytes, at);
    bytes.writeUInt16LE(at - 24, 24 + 2 * i);
  }
  return bytes;
}

function toPage(number: number): Buffer {
  const node = Buffer.alloc(10);
  node.writeUIntLE(number, 0, 6);
  return node;
}

function leafNode(flags: number, bytes: number, value: Buffer): Buffer {
  const node = Buffer.alloc(8 + 3);
  node.writeUInt32LE(bytes, 0);
  node.writeUInt16LE(flags, 4);
  node.writeUInt16LE(3, 6);
  return Buffer.concat([node, value]);
}

function overflow(first: number, pages: number): Buffer {
  const bytes = Buffer.alloc(24);
  bytes.writeBigUInt64LE(BigInt(first), 0);
  bytes.writeBigUInt64LE(BigInt(pages), 16);
  return bytes;
}

/** Whether a file of so many pages of 512 bytes, with these among them, has all that the trees lead to. */
function isWhole(pages: number, given: readonly Buffer[], free: Buffer, main: Buffer): boolean {
  const bytes = Buffer.alloc(pages * 512);
  for (const made of given) made.copy(bytes, Number(made.readBigUInt64LE(0)) * 512);
  const path = folder.file(`pages-${folders++}`, bytes);
  const file = openSync(path, 'r');
  try {
    checkPagesInUse({ file, path, pageBytes: 512, pages }, free, main);
    return true;
  } catch (error) {
    expect(error).toMatchObject(corrupt);
    return false;
  } finally {
    closeSync(file);
  }
}

describe('the last page that must be in a file', () => {
  const main = tree(2n, 1);
  const table = (of: Buffer) => page(2, 2, [leafNode(2, 48, of)]);

  it.each([
    ['none, in an empty one', [], EMPTY, EMPTY, 1],
    ['a root of free pages', [], tree(9n, 1), EMPTY, 9],
    ['a leaf of free pages', [page(3, 1, [toPage(9), toPage(8)])], tree(3n, 2), EMPTY, 9],
    ['the end of a list of free pages', [page(3, 2, [leafNode(1, 900, overflow(8, 2))])], tree(3n, 1, 2n), EMPTY, 9],
    ['the root of all tables', [page(9, 2, [])], EMPTY, tree(9n, 1), 9],
    ['the root of a table', [table(tree(9n, 1))], EMPTY, main, 9],
    ['a leaf of a table', [table(tree(3n, 2)), page(3, 1, [toPage(4), toPage(9)])], EMPTY, main, 9],
    [
      'the end of a value',
      [
        table(tree(3n, 2, 6n)),
        page(3, 1, [toPage(4)]),
        page(4, 2, [leafNode(0, 1, Buffer.alloc(1)), leafNode(1, 3000, overflow(5, 6))]),
      ],
      EMPTY,
      main,
      10,
    ],
  ])('is %s', (_what, given, free, tables, last) => {
    for (let pages = 2; pages <= 12; pages += 1) {
      const there = given.filter((made) => Number(made.readBigUInt64LE(0)) < pages);
      expect(isWhole(pages, there, free, tables), `${pages} pages`).toBe(pages > last);
    }
  });

  it.each([
    ['a tree without an end', [page(3, 1, [toPage(3), toPage(3)])], tree(3n, 32)],
    ['a tree deeper than LMDB makes any', [page(3, 1, [toPage(3)])], tree(3n, 33)],
    ['a tree that is not empty and has no level', [], tree(3n, 0)],
    ['a meta page as a root', [], tree(1n, 1)],
    ['too few pages for a value', [page(3, 2, [leafNode(1, 1001, overflow(4, 2))])], tree(3n, 1, 2n)],
    ['another page in the place of one', [page(4, 1, [toPage(5)])], tree(3n, 2)],
    ['a leaf in the place of a branch', [page(3, 2, [toPage(5)])], tree(3n, 2)],
  ])('cannot be told of %s', (_what, given, free) => {
    expect(isWhole(12, given, free, EMPTY)).toBe(false);
  });
});
