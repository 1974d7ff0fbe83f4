// Which rows a call of VectorSource.windows() asks for, checked: the same rules for every kind of source.
import { WINDOW_BYTES_DEFAULT, WINDOW_BYTES_MAX } from '../limits.js';
import { invalidArgument } from './faults.js';
import type { WindowOptions } from './vector-source.js';

export interface WindowRange {
  start: number;
  end: number;
  /** Rows a window, at least one. */
  rowsMax: number;
}

/** INVALID_ARGUMENT for rows that the source, of `sourceRows` rows of `rowBytes`, does not have. */
export function windowRange(
  path: string,
  sourceRows: number,
  rowBytes: number,
  { start = 0, bytesMax = WINDOW_BYTES_DEFAULT, rows = sourceRows - start }: WindowOptions,
): WindowRange {
  const whole = [start, rows].every((value) => Number.isSafeInteger(value) && value >= 0);
  if (!whole || start + rows > sourceRows) {
    throw invalidArgument(`${path} has ${sourceRows} rows; ${rows} rows from row ${start} are not among them`);
  }
  if (!(bytesMax >= 1)) throw invalidArgument(`windows of ${bytesMax} bytes; expected at least 1`);
  const windowBytes = Math.min(bytesMax, WINDOW_BYTES_MAX);
  return { start, end: start + rows, rowsMax: Math.max(1, Math.floor(windowBytes / rowBytes)) };
}
