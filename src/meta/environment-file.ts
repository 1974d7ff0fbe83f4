// A look at LMDB's file before lmdb opens it: lmdb ends the process over a file that is none of its own, and over
// one that was cut short as soon as a missing page is read. Called by openTables, while nobody has the file open.
//
// 1. The page size is one that LMDB has, and both meta pages begin as they must.
// 2. The meta page is picked that LMDB would go by (environment-meta.ts).
// 3. A file that reaches the last page in use is accepted.
// 4. A shorter one is accepted if all pages are in it that the meta page leads to (environment-pages.ts), and is
//    made as long as the last page in use asks for. The pages that it gets so are free: LMDB writes them before it
//    reads them and would go without, but the next opening need not search again.
import { closeSync, fstatSync, ftruncateSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { VamanaError } from '../errors.js';
import {
  currentBoot,
  decodeMeta,
  type EnvironmentMeta,
  LAST_PAGE_AT,
  MAGIC,
  MAGIC_AT,
  META_BYTES,
  PAGE_BYTES_AT,
  pickMeta,
} from './environment-meta.js';
import { checkPagesInUse, corruptEnvironment } from './environment-pages.js';

const PAGE_BYTES_MIN = 512;
const PAGE_BYTES_MAX = 65_536;

/** CORRUPT when the folder holds a file that LMDB cannot have left there. No file at all is fine. */
export function checkEnvironmentFile(folder: string): void {
  const path = join(folder, 'data.mdb');
  let file: number | undefined;
  try {
    file = openSync(path, 'r+');
    checkFile(file, path);
  } catch (cause) {
    if (cause instanceof VamanaError) throw cause;
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return;
    throw new VamanaError('IO', `check ${path}: ${cause instanceof Error ? cause.message : cause}`, { cause });
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

function checkFile(file: number, path: string): void {
  const { size } = fstatSync(file);
  // A process that was killed while it made the file.
  if (size === 0) return;
  const pages = Buffer.alloc(2 * PAGE_BYTES_MAX);
  const head = pages.subarray(0, readSync(file, pages, 0, pages.length, 0));
  const pageBytes = head.length < META_BYTES ? 0 : head.readUInt32LE(PAGE_BYTES_AT);
  const isPowerOfTwo = (pageBytes & (pageBytes - 1)) === 0;
  if (!isPowerOfTwo || pageBytes < PAGE_BYTES_MIN || pageBytes > PAGE_BYTES_MAX || head.length < 2 * pageBytes) {
    throw corruptEnvironment(path, PAGE_BYTES_AT, `page size ${pageBytes} in a file of ${size} bytes`);
  }
  for (const at of [MAGIC_AT, pageBytes + MAGIC_AT]) {
    const magic = head.readUInt32LE(at);
    if (magic === MAGIC) continue;
    throw corruptEnvironment(path, at, `magic ${magic.toString(16)}, expected ${MAGIC.toString(16)}`);
  }
  const [even, odd, synced] = [0, pageBytes, pageBytes / 2].map((at) => decodeMeta(head, at)) as MetaPages;
  const meta = pickMeta(even, odd, synced, currentBoot());
  const bytes = (meta.lastPage + 1n) * BigInt(pageBytes);
  if (bytes <= BigInt(size)) return;
  // Also keeps a damaged number from making a file of any size.
  if (bytes > meta.mapBytes) {
    const found = `page ${meta.lastPage} in use and a map of ${meta.mapBytes} bytes, expected it in the map`;
    throw corruptEnvironment(path, meta.at + LAST_PAGE_AT, found);
  }
  const paged = { file, path, pageBytes, pages: Math.floor(size / pageBytes) };
  checkPagesInUse(paged, meta.freeTree, meta.mainTree);
  ftruncateSync(file, Number(bytes));
}

type MetaPages = [EnvironmentMeta, EnvironmentMeta, EnvironmentMeta];
