// Rows in the order of a number, as a B-tree of sets: a leaf has the rows whose numbers lie between its bounds, and
// every node above the union of its children's, so that a range is the union of a few sets of each level. To unite
// sets costs by their number more than by their size, so nodes have few children. What lies at the two ends of a range
// is a leaf of which each row must be looked at; that is left to the caller, who knows their numbers.
//
// A leaf of a single number grows without limit, for it never has to be looked into. Used by number-index.ts only.
import { RoaringBitmap32 } from '../bitmap.js';
import type { Bounds } from './field-condition.js';
import { isWithin } from './match-condition.js';

export interface TreeLimits {
  /** Rows of a leaf, unless they all have one number. */
  leafRows: number;
  /** Children of a node above. */
  children: number;
}

export interface TreeNode {
  /** Least number that belongs here; those of the next node begin at its own. */
  readonly from: number;
  /** Of what was ever put here. */
  least: number;
  most: number;
  readonly rows: RoaringBitmap32;
  /** Ascending and disjoint; of a leaf none. */
  readonly children: TreeNode[];
}

interface Leaf extends TreeNode {
  /** Puts until its size is looked at again. */
  room: number;
}

/** What a range is made of: nodes that lie within it, and leaves at its ends. */
export interface TreeRange {
  inside: TreeNode[];
  ends: TreeNode[];
}

export type Direction = 'asc' | 'desc';

/** The numbers of a row that are not below and not above these. */
export type NumbersBetween = (row: number, least: number, most: number) => readonly number[];

export class NumberTree {
  private root: TreeNode;

  constructor(
    private readonly limits: TreeLimits,
    private readonly numbersOf: NumbersBetween,
  ) {
    this.root = this.emptyLeaf(Number.NEGATIVE_INFINITY);
  }

  insert(row: number, value: number): void {
    const path: TreeNode[] = [];
    for (let node: TreeNode | undefined = this.root; node !== undefined; node = childFor(node, value)) {
      node.rows.add(row);
      widen(node, value);
      path.push(node);
    }
    const leaf = path.pop() as Leaf;
    leaf.room -= 1;
    if (leaf.room <= 0) this.makeRoom(leaf, path);
  }

  /** Of a row all of whose numbers go. */
  remove(row: number, value: number): void {
    for (let node: TreeNode | undefined = this.root; node !== undefined; node = childFor(node, value)) {
      node.rows.remove(row);
    }
  }

  range(bounds: Bounds): TreeRange {
    const range: TreeRange = { inside: [], ends: [] };
    collect(this.root, bounds, range);
    return range;
  }

  /**
   * In their order, from the leaf of a number on, by default from the first. Each is looked up by where the one before
   * it ended, since the tree may change meanwhile: leaves are only ever split, so that every bound stays one.
   */
  *leavesFrom(direction: Direction, start?: number): Generator<TreeNode, void> {
    const ascends = direction === 'asc';
    let leaf: TreeNode | undefined = this.leafOf(
      start ?? (ascends ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY),
    );
    while (leaf !== undefined) {
      const { from } = leaf;
      const end = ascends ? this.leafBeside(from, 1)?.from : undefined;
      yield leaf;
      if (!ascends) leaf = this.leafBeside(from, -1);
      else leaf = end === undefined ? undefined : this.leafOf(end);
    }
  }

  get bytes(): number {
    return bytesOf(this.root);
  }

  /**
   * All of it anew: entry i is the number of a row. Bounds come from a sample, so that nothing has to be sorted but
   * that; what turns out too large is split.
   */
  load(rows: readonly number[], numbers: readonly number[]): void {
    const step = Math.max(1, Math.floor(numbers.length / SAMPLE));
    const sample = Float64Array.from(
      { length: Math.floor(numbers.length / step) },
      (_, at) => numbers[at * step] as number,
    );
    sample.sort();
    const count = Math.max(1, Math.ceil((2 * numbers.length) / this.limits.leafRows));
    const bounds = new Set([Number.NEGATIVE_INFINITY]);
    for (let at = 1; at < count; at += 1) bounds.add(sample[Math.floor((at * sample.length) / count)] as number);
    const from = Float64Array.from(bounds).sort();
    const leaves = Array.from(from, (start) => this.emptyLeaf(start));
    const members = leaves.map((): number[] => []);
    for (const [at, value] of numbers.entries()) {
      const slot = lastAtMost(from.length, (place) => from[place] as number, value);
      (members[slot] as number[]).push(rows[at] as number);
      widen(leaves[slot] as Leaf, value);
    }
    for (const [slot, leaf] of leaves.entries()) leaf.rows.addMany(members[slot] as number[]);
    let level: TreeNode[] = leaves;
    while (level.length > 1) {
      const above: TreeNode[] = [];
      // Room for one more child each.
      const width = Math.max(2, this.limits.children - 1);
      for (let at = 0; at < level.length; at += width) above.push(nodeAbove(level.slice(at, at + width)));
      level = above;
    }
    this.root = level[0] as TreeNode;
    for (const leaf of leaves) this.makeRoom(leaf, this.pathTo(leaf));
  }

  private leafOf(value: number): TreeNode {
    let leaf = this.root;
    for (let node: TreeNode | undefined = leaf; node !== undefined; node = childFor(node, value)) leaf = node;
    return leaf;
  }

  /** The leaf before or behind that of a number. */
  private leafBeside(value: number, step: -1 | 1): TreeNode | undefined {
    let beside: TreeNode | undefined;
    for (let node: TreeNode | undefined = this.root; node !== undefined; node = childFor(node, value)) {
      const { children } = node;
      beside = children[slotFor(node, value) + step] ?? beside;
    }
    while (beside !== undefined && beside.children.length > 0) beside = beside.children.at(step === 1 ? 0 : -1);
    return beside;
  }

  private pathTo(leaf: TreeNode): TreeNode[] {
    const path: TreeNode[] = [];
    for (let node = this.root; node !== leaf; node = childFor(node, leaf.from) as TreeNode) path.push(node);
    return path;
  }

  // Splits what is too large, unless it is all one number.
  private makeRoom(leaf: Leaf, path: readonly TreeNode[]): void {
    const { size } = leaf.rows;
    const { leafRows } = this.limits;
    leaf.room = Math.max(leafRows - size, leafRows / 2);
    if (size <= leafRows || leaf.least === leaf.most) return;
    const halves = this.halvesOf(leaf);
    if (halves === undefined) return;
    this.replace(leaf, halves, path);
    for (const half of halves) this.makeRoom(half, this.pathTo(half));
  }

  private replace(node: TreeNode, halves: readonly TreeNode[], path: readonly TreeNode[]): void {
    const parent = path.at(-1);
    if (parent === undefined) {
      this.root = nodeAbove([...halves]);
      return;
    }
    const { children } = parent;
    children.splice(children.indexOf(node), 1, ...halves);
    if (children.length <= this.limits.children) return;
    const middle = children.length >> 1;
    const split = [nodeAbove(children.slice(0, middle)), nodeAbove(children.slice(middle))];
    this.replace(parent, split, path.slice(0, -1));
  }

  private halvesOf(leaf: Leaf): [Leaf, Leaf] | undefined {
    const rows = leaf.rows.toUint32Array();
    const values = Array.from(rows, (row) => this.numbersOf(row, leaf.least, leaf.most));
    const sorted = Float64Array.from(values.flat()).sort();
    const least = sorted[0] as number;
    const median = sorted[sorted.length >> 1] as number;
    const middle = median > least ? median : sorted.find((value) => value > least);
    if (middle === undefined) {
      leaf.least = least;
      leaf.most = least;
      return undefined;
    }
    const halves: [Leaf, Leaf] = [this.emptyLeaf(leaf.from), this.emptyLeaf(middle)];
    const members: [number[], number[]] = [[], []];
    for (const [at, row] of rows.entries()) {
      for (const value of values[at] as readonly number[]) {
        const half = value < middle ? 0 : 1;
        widen(halves[half], value);
        if (members[half].at(-1) !== row) members[half].push(row);
      }
    }
    for (const half of [0, 1] as const) halves[half].rows.addMany(members[half]);
    return halves;
  }

  private emptyLeaf(from: number): Leaf {
    const [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    return { from, least, most, rows: new RoaringBitmap32(), children: [], room: this.limits.leafRows };
  }
}

function collect(node: TreeNode, bounds: Bounds, range: TreeRange): void {
  if (isInside(node, bounds)) range.inside.push(node);
  else if (!overlaps(node, bounds)) return;
  else if (node.children.length === 0) range.ends.push(node);
  else for (const child of node.children) collect(child, bounds, range);
}

function childFor(node: TreeNode, value: number): TreeNode | undefined {
  return node.children[slotFor(node, value)];
}

function slotFor({ children }: TreeNode, value: number): number {
  return lastAtMost(children.length, (at) => (children[at] as TreeNode).from, value);
}

/** The last slot whose bound is not above the value; the first bound is taken for one that never is. */
function lastAtMost(length: number, boundOf: (slot: number) => number, value: number): number {
  let [low, high] = [0, length];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (boundOf(middle) <= value) low = middle;
    else high = middle;
  }
  return low;
}

function nodeAbove(children: TreeNode[]): TreeNode {
  const [first] = children as [TreeNode, ...TreeNode[]];
  const least = Math.min(...children.map((child) => child.least));
  const most = Math.max(...children.map((child) => child.most));
  return { from: first.from, least, most, rows: RoaringBitmap32.orMany(children.map(({ rows }) => rows)), children };
}

function bytesOf({ rows, children }: TreeNode): number {
  const own = NODE_BYTES + rows.getSerializationSizeInBytes('portable');
  return children.reduce((sum, child) => sum + bytesOf(child), own);
}

function widen(node: TreeNode, value: number): void {
  if (value < node.least) node.least = value;
  if (value > node.most) node.most = value;
}

// Of whole numbers past 2^53 a node knows the nearest doubles only, so bounds must lie that much farther out.
function lowest({ least }: TreeNode): number {
  return Math.abs(least) > Number.MAX_SAFE_INTEGER ? least - Math.abs(least) * Number.EPSILON : least;
}

function highest({ most }: TreeNode): number {
  return Math.abs(most) > Number.MAX_SAFE_INTEGER ? most + Math.abs(most) * Number.EPSILON : most;
}

function isInside(node: TreeNode, bounds: Bounds): boolean {
  return isWithin(lowest(node), bounds) && isWithin(highest(node), bounds);
}

export function overlaps(node: TreeNode, { gt, gte, lt, lte }: Bounds): boolean {
  return isWithin(highest(node), only({ gt, gte })) && isWithin(lowest(node), only({ lt, lte }));
}

function only(bounds: { [name in keyof Bounds]: Bounds[name] | undefined }): Bounds {
  return bounds as Bounds;
}

/** Rows whose numbers bounds are made of when all is loaded. */
const SAMPLE = 65_536;
/** Objects around the rows. */
const NODE_BYTES = 256;
