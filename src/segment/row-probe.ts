// Which of some rows a segment or a delta has, dead or alive: for checks that every row stands where it must. Asks the
// native snapshot of that one part how many rows die when these do, and divides what is neither none nor all; it looks
// into the index of rows only, never at vectors. Synchronous, and some tens of microseconds a row where rows that it has
// and has not alternate: whoever asks for many does so in turns.
import type { NativeDelta, NativeSegment, NativeSnapshot, NativeStore } from '../binding.js';
import { VamanaError } from '../errors.js';

/** A part of a collection that holds rows. */
export interface RowPart {
  /** For messages. */
  readonly name: string;
  /** Flags: 1 for each row that it has. The rows are distinct and ascend. */
  has(rows: Uint32Array): Uint8Array;
  close(): void;
}

export function probeSegment(store: NativeStore, name: string, segment: NativeSegment): RowPart {
  const { first, last } = segment.rows;
  return new RowProbe(name, first, last, store.createSnapshot({ segments: [segment], deltas: [], dead: NO_ROWS }));
}

/** Of the rows that the delta has whenever it is asked. */
export function probeDelta(store: NativeStore, name: string, delta: NativeDelta): RowPart {
  const all = 0xffff_ffff;
  return new RowProbe(name, 0, all, store.createSnapshot({ segments: [], deltas: [delta], dead: NO_ROWS }));
}

const NO_ROWS = new Uint32Array(0);

class RowProbe implements RowPart {
  constructor(
    readonly name: string,
    private readonly first: number,
    private readonly last: number,
    private readonly snapshot: NativeSnapshot,
  ) {}

  has(rows: Uint32Array): Uint8Array {
    const flags = new Uint8Array(rows.length);
    const begin = rows.findIndex((row) => row >= this.first);
    const end = rows.findLastIndex((row) => row <= this.last) + 1;
    if (begin !== -1 && begin < end) this.mark(rows, begin, end, flags);
    return flags;
  }

  close(): void {
    this.snapshot.close();
  }

  private mark(rows: Uint32Array, begin: number, end: number, flags: Uint8Array): void {
    const count = this.count(rows.subarray(begin, end));
    if (count === end - begin) flags.fill(1, begin, end);
    if (count === 0 || count === end - begin) return;
    if (end - begin === 1) throw new VamanaError('CORRUPT', `${this.name} has row ${rows[begin]} ${count} times`);
    const middle = (begin + end) >> 1;
    this.mark(rows, begin, middle, flags);
    this.mark(rows, middle, end, flags);
  }

  private count(rows: Uint32Array): number {
    // A successor sees what was appended to a delta since, so it is compared with another one of the same moment.
    const whole = this.snapshot.next({});
    const without = whole.next({ dead: rows });
    try {
      return whole.liveRows - without.liveRows;
    } finally {
      without.close();
      whole.close();
    }
  }
}
