// Finds NaN and infinity in vectors: no distance can be told from them, so whoever takes vectors in (convert,
// truth, import) refuses them here, with the place in the file. Builds check natively, in the same words.
import { VamanaError } from '../errors.js';
import { VectorFileError } from './faults.js';
import type { VectorData, VectorElement } from './formats.js';
import { halfToFloat } from './half.js';
import type { VectorSource } from './vector-source.js';

/** Rows of one source: row i of `data` is row firstRow + i * step (1 by default) of the file. */
export interface RowRun {
  firstRow: number;
  step?: number;
  data: VectorData;
}

/** NOT_FINITE with row, column and offset at the first value that is not finite. */
export function requireFinite(source: VectorSource, run: RowRun): void {
  const at = findNotFinite(run.data, source.element);
  if (at === -1) return;
  const row = run.firstRow + Math.floor(at / source.dim) * (run.step ?? 1);
  const column = at % source.dim;
  const raw = run.data[at] as number;
  const value = source.element === 'f16' ? halfToFloat(raw) : raw;
  const beyond = source.stored === 'f64' && !Number.isNaN(value) ? " (infinite, or a double beyond f32's range)" : '';
  const problem = `row ${row}, column ${column} is ${value}${beyond}; expected finite numbers; remove or repair the row`;
  const offset = source.offsetOf(row, column);
  if (offset === undefined) throw new VamanaError('NOT_FINITE', `${source.path}: ${problem}`);
  throw new VectorFileError('NOT_FINITE', source.path, offset, problem);
}

/** Index of the first NaN or infinity, or -1. */
export function findNotFinite(data: VectorData, element: VectorElement): number {
  // A loop over numbers is several times as fast as findIndex with a callback, and this sees every value.
  if (element === 'f16') {
    for (let i = 0; i < data.length; i += 1) {
      if (((data[i] as number) & 0x7c00) === 0x7c00) return i;
    }
  } else if (element === 'f32') {
    for (let i = 0; i < data.length; i += 1) {
      const value = data[i] as number;
      if (value - value !== 0) return i;
    }
  }
  return -1;
}
