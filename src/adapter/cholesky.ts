// Solves A X = B for a symmetric, positive definite A by its Cholesky factor: what least squares come down to. In f64, in
// place, row-major; n^3 / 6 multiplications for the factor and n^2 for each column of B. Called by linear-map.ts.
import { VamanaError } from '../errors.js';

/** Factors A into its lower triangle. INVALID_ARGUMENT where it is not positive definite. */
export function choleskyFactor(matrix: Float64Array, n: number): void {
  for (let row = 0; row < n; row += 1) {
    for (let column = 0; column <= row; column += 1) {
      let sum = at(matrix, row * n + column);
      for (let k = 0; k < column; k += 1) sum -= at(matrix, row * n + k) * at(matrix, column * n + k);
      if (row !== column) matrix[row * n + column] = sum / at(matrix, column * n + column);
      else if (sum > 0) matrix[row * n + row] = Math.sqrt(sum);
      else throw notDefinite(row);
    }
  }
}

/** B, of n rows and so many columns, becomes X. REQUIRES what choleskyFactor left. */
export function choleskySolve(factor: Float64Array, n: number, values: Float64Array, columns: number): void {
  for (let row = 0; row < n; row += 1) {
    for (let k = 0; k < row; k += 1) subtractRow(values, columns, row, k, at(factor, row * n + k));
    divideRow(values, columns, row, at(factor, row * n + row));
  }
  for (let row = n - 1; row >= 0; row -= 1) {
    for (let k = row + 1; k < n; k += 1) subtractRow(values, columns, row, k, at(factor, k * n + row));
    divideRow(values, columns, row, at(factor, row * n + row));
  }
}

function subtractRow(values: Float64Array, columns: number, target: number, source: number, scale: number): void {
  for (let j = 0; j < columns; j += 1) {
    values[target * columns + j] = at(values, target * columns + j) - scale * at(values, source * columns + j);
  }
}

function divideRow(values: Float64Array, columns: number, row: number, by: number): void {
  for (let j = 0; j < columns; j += 1) values[row * columns + j] = at(values, row * columns + j) / by;
}

function at(values: Float64Array, place: number): number {
  return values[place] as number;
}

function notDefinite(row: number): VamanaError {
  const message = `the pairs do not tell dimension ${row} of the old vectors from those before it`;
  return new VamanaError('INVALID_ARGUMENT', `${message}; give more pairs, or a larger ridge`);
}
