// The first rows in the order of a number each has, out of many: a bounded heap, so that a page of a large collection
// costs one look at each row and no sort of all. Rows of the same number are in ascending order.

export type Direction = 'asc' | 'desc';

export interface OrderedRow {
  row: number;
  value: number;
}

/** Up to `limit` rows; those whose value is NaN, or lies before `startFrom`, are left out. */
export function orderedRows(
  rows: Iterable<number>,
  numberOf: (row: number) => number,
  { limit, direction, startFrom }: { limit: number; direction: Direction; startFrom?: number },
): OrderedRow[] {
  const sign = direction === 'asc' ? 1 : -1;
  const after = (a: OrderedRow, b: OrderedRow): boolean => {
    const difference = sign * (a.value - b.value);
    return difference > 0 || (difference === 0 && a.row > b.row);
  };
  const start = startFrom === undefined ? Number.NEGATIVE_INFINITY : sign * startFrom;
  // The one that comes last is in front.
  const heap: OrderedRow[] = [];
  for (const row of rows) {
    const value = numberOf(row);
    // Not true for NaN either.
    if (!(sign * value >= start)) continue;
    const entry = { row, value };
    if (heap.length < limit) {
      heap.push(entry);
      rise(heap, after);
    } else if (limit > 0 && after(heap[0] as OrderedRow, entry)) {
      heap[0] = entry;
      sink(heap, after);
    }
  }
  return heap.sort((a, b) => (after(a, b) ? 1 : -1));
}

type After = (a: OrderedRow, b: OrderedRow) => boolean;

function rise(heap: OrderedRow[], after: After): void {
  for (let at = heap.length - 1; at > 0; ) {
    const parent = (at - 1) >> 1;
    if (!after(heap[at] as OrderedRow, heap[parent] as OrderedRow)) return;
    swap(heap, at, parent);
    at = parent;
  }
}

function sink(heap: OrderedRow[], after: After): void {
  for (let at = 0; ; ) {
    const left = 2 * at + 1;
    if (left >= heap.length) return;
    const right = left + 1;
    const child = right < heap.length && after(heap[right] as OrderedRow, heap[left] as OrderedRow) ? right : left;
    if (!after(heap[child] as OrderedRow, heap[at] as OrderedRow)) return;
    swap(heap, at, child);
    at = child;
  }
}

function swap(heap: OrderedRow[], a: number, b: number): void {
  [heap[a], heap[b]] = [heap[b] as OrderedRow, heap[a] as OrderedRow];
}
