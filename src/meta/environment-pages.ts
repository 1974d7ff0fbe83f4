// A walk over the pages of an LMDB file that a meta page leads to, for a file that ends before its last page in use.
// LMDB leaves such files: pages at the end that were taken and freed within one transaction are never written. But
// a page that is in use and missing ends the process as soon as it is read. So: does every page in use lie in the
// file? Called by environment-file.ts; it reads what it needs for the answer and no value.
//
// The offsets are those of mdb.c of lmdb 3.5 (MDB_page with the transaction that its LMDB adds, MDB_node, MDB_db,
// MDB_ovpage), little-endian:
//
//   page      0  u64  its number             tree     6   u16  depth, 1 when the root is a leaf
//             18 u16  1 branch, 2 leaf                24  u64  overflow pages
//             20 u16  twice the nodes                 40  u64  root, all ones when empty
//             24 u16  for each node: where   overflow 0   u64  first page
//                     it begins, less 24              16  u64  pages
//   branch's  0  u48  page                   leaf's   0   u32  bytes of the value
//   node      6  u16  bytes of the key       node     4   u16  1: the value is an overflow, 2: it is a tree
//             8       key                             6   u16  bytes of the key
//                                                     8        key, value
//
// Pages of overflows are counted and not read: they hold nothing but the value. Nor are leaves read of a table that
// has no overflows. Levels are read in the order of the file.
import { readSync } from 'node:fs';
import { VamanaError } from '../errors.js';
import { TREE_BYTES } from './environment-meta.js';

const PAGE_HEAD_BYTES = 24;
const NODE_HEAD_BYTES = 8;
const OVERFLOW_BYTES = 24;
const NO_PAGE = 2n ** 64n - 1n;
/** LMDB's own limit. */
const DEPTH_MAX = 32;
const BRANCH = 1;
const LEAF = 2;
const KIND_MASK = 15;
const VALUE_IS_OVERFLOW = 1;
const VALUE_IS_TREE = 2;

export interface PagedFile {
  file: number;
  path: string;
  pageBytes: number;
  /** That are wholly in the file. */
  pages: number;
}

/** CORRUPT when a page that the trees lead to is not in the file, or is not what it must be. */
export function checkPagesInUse(paged: PagedFile, freeTree: Buffer, mainTree: Buffer): void {
  const walk = new PageWalk(paged);
  walk.addTree(freeTree, false);
  // Its values are the named tables.
  walk.addTree(mainTree, true);
  for (const table of walk.tables) walk.addTree(table, false);
}

class PageWalk {
  readonly tables: Buffer[] = [];
  private readonly page: Buffer;

  constructor(private readonly paged: PagedFile) {
    this.page = Buffer.alloc(paged.pageBytes);
  }

  addTree(tree: Buffer, hasTables: boolean): void {
    const root = tree.readBigUInt64LE(40);
    if (root === NO_PAGE) return;
    const depth = tree.readUInt16LE(6);
    if (depth < 1 || depth > DEPTH_MAX) throw this.corrupt(0, `a tree of depth ${depth}, expected 1 to ${DEPTH_MAX}`);
    const readsLeaves = hasTables || tree.readBigUInt64LE(24) !== 0n;
    let level = [this.checkInFile(Number(root), 1, 0)];
    for (let above = depth - 1; above > 0; above -= 1) level = this.readBranches(level);
    if (!readsLeaves) return;
    for (const leaf of level.sort((a, b) => a - b)) this.readLeaf(leaf, hasTables);
  }

  /** The pages of the next level, all of them in the file. */
  private readBranches(level: number[]): number[] {
    const next: number[] = [];
    for (const branch of level.sort((a, b) => a - b)) {
      for (const node of this.nodesOf(branch, BRANCH)) {
        next.push(this.checkInFile(this.page.readUIntLE(node, 6), 1, branch));
      }
      // Damage could make a tree of few pages endless.
      if (next.length > this.paged.pages) throw this.corrupt(branch, 'pages that lead to each other, expected a tree');
    }
    return next;
  }

  private readLeaf(leaf: number, hasTables: boolean): void {
    for (const node of this.nodesOf(leaf, LEAF)) {
      const flags = this.page.readUInt16LE(node + 4);
      const value = node + NODE_HEAD_BYTES + this.page.readUInt16LE(node + 6);
      if ((flags & VALUE_IS_OVERFLOW) !== 0) {
        this.checkFits(leaf, value + OVERFLOW_BYTES);
        const first = Number(this.page.readBigUInt64LE(value));
        const pages = Number(this.page.readBigUInt64LE(value + 16));
        const bytes = this.page.readUInt32LE(node);
        if (pages * this.paged.pageBytes < PAGE_HEAD_BYTES + bytes) {
          throw this.corrupt(leaf, `a value of ${bytes} bytes in ${pages} pages, expected more pages`);
        }
        this.checkInFile(first, pages, leaf);
      } else if (hasTables && (flags & VALUE_IS_TREE) !== 0) {
        this.checkFits(leaf, value + TREE_BYTES);
        this.tables.push(Buffer.from(this.page.subarray(value, value + TREE_BYTES)));
      }
    }
  }

  /** Reads the page; where its nodes begin. */
  private nodesOf(number: number, kind: number): number[] {
    const { page, paged } = this;
    const bytes = readSync(paged.file, page, 0, paged.pageBytes, number * paged.pageBytes);
    const found = Number(page.readBigUInt64LE(0));
    const foundKind = page.readUInt16LE(18) & KIND_MASK;
    if (bytes !== paged.pageBytes || found !== number || foundKind !== kind) {
      throw this.corrupt(number, `page ${found} of kind ${foundKind}, expected page ${number} of kind ${kind}`);
    }
    const count = page.readUInt16LE(20) >> 1;
    this.checkFits(number, PAGE_HEAD_BYTES + 2 * count);
    const nodes: number[] = [];
    for (let i = 0; i < count; i += 1) {
      const node = PAGE_HEAD_BYTES + page.readUInt16LE(PAGE_HEAD_BYTES + 2 * i);
      this.checkFits(number, node + NODE_HEAD_BYTES);
      nodes.push(node);
    }
    return nodes;
  }

  private checkFits(number: number, end: number): void {
    const { pageBytes } = this.paged;
    if (end > pageBytes) throw this.corrupt(number, `a node that ends at ${end}, expected ${pageBytes} at most`);
  }

  private checkInFile(first: number, pages: number, from: number): number {
    if (first >= 2 && first + pages <= this.paged.pages) return first;
    const named = pages === 1 ? `page ${first}` : `pages ${first} to ${first + pages - 1}`;
    throw this.corrupt(from, `a use of ${named} in a file of ${this.paged.pages} pages`);
  }

  private corrupt(number: number, found: string): VamanaError {
    return corruptEnvironment(this.paged.path, number * this.paged.pageBytes, found);
  }
}

export function corruptEnvironment(path: string, offset: number, found: string): VamanaError {
  return new VamanaError(
    'CORRUPT',
    `${path}: at byte ${offset}: found ${found}; this is no LMDB file, or part of one; restore it from a snapshot`,
  );
}
