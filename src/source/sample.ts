// Every N-th row of a range, in bounded blocks: how a sample is cut from a large file. Rows far apart are read
// one by one, so that a thousandth of a file costs about a thousandth of the reading; rows close together are
// picked from whole windows, and so are those of formats in which a row cannot be reached alone.
import { WINDOW_BYTES_DEFAULT } from '../limits.js';
import { invalidArgument } from './faults.js';
import { createVectorData, elementBytes } from './formats.js';
import type { VectorSource, VectorWindow } from './vector-source.js';

export interface SampleOptions {
  /** First row of the range; 0 by default. */
  start?: number;
  /** Length of the range in rows of the source; to the end by default. */
  rows?: number;
  /** 1 takes every row of the range, 10 its rows 0, 10, 20, ... */
  every?: number;
  bytesMax?: number;
}

/** Row i of `data` is row firstRow + i * step of the source. */
export interface SampleBlock extends VectorWindow {
  step: number;
}

/** Rows that a sample has. */
export function sampleRows(rangeRows: number, every: number): number {
  return Math.ceil(rangeRows / every);
}

/** Rows farther apart than this are read singly: a device reads ahead about so much anyway. */
const SINGLE_READ_BYTES = 128 * 1024;

export async function* readSample(source: VectorSource, options: SampleOptions = {}): AsyncGenerator<SampleBlock> {
  const { start = 0, every = 1, bytesMax = WINDOW_BYTES_DEFAULT } = options;
  const { rows = source.rows - start } = options;
  if (!Number.isSafeInteger(every) || every < 1) throw invalidArgument(`every ${every} rows; expected 1 or more`);
  const windows = source.windows({ start, rows, bytesMax });
  const rowBytes = source.dim * elementBytes(source.element);
  if (every > 1 && source.seekable && every * rowBytes >= SINGLE_READ_BYTES) {
    yield* readSingly(source, start, rows, every, Math.max(1, Math.floor(bytesMax / rowBytes)));
    return;
  }
  for await (const window of windows) {
    // The first row of the window that is a whole number of steps from the start of the range.
    const skip = (every - ((window.firstRow - start) % every)) % every;
    if (skip < window.rows) yield pick(source, window, skip, every);
  }
}

function pick(source: VectorSource, window: VectorWindow, skip: number, every: number): SampleBlock {
  if (every === 1) return { ...window, step: 1 };
  const { dim } = source;
  const rows = sampleRows(window.rows - skip, every);
  const data = createVectorData(source.element, rows * dim);
  for (let row = 0; row < rows; row += 1) {
    const from = (skip + row * every) * dim;
    data.set(window.data.subarray(from, from + dim), row * dim);
  }
  const picked = <T>(values: readonly T[]): T[] => values.filter((_, row) => row >= skip && (row - skip) % every === 0);
  return {
    firstRow: window.firstRow + skip,
    rows,
    data,
    step: every,
    ...(window.ids === undefined ? {} : { ids: picked(window.ids) }),
    ...(window.payloads === undefined ? {} : { payloads: picked(window.payloads) }),
  };
}

async function* readSingly(
  source: VectorSource,
  start: number,
  rangeRows: number,
  every: number,
  blockRows: number,
): AsyncGenerator<SampleBlock> {
  const end = start + rangeRows;
  for (let firstRow = start; firstRow < end; firstRow += blockRows * every) {
    const rows = Math.min(blockRows, sampleRows(end - firstRow, every));
    const data = createVectorData(source.element, rows * source.dim);
    for (let row = 0; row < rows; row += 1) {
      for await (const single of source.windows({ start: firstRow + row * every, rows: 1 })) {
        data.set(single.data, row * source.dim);
      }
    }
    yield { firstRow, rows, data, step: every };
  }
}
