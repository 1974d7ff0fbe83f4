// The errors of vector files: what is wrong with the bytes, with file and offset. Every file of this folder raises
// its errors through these functions, so that the wording stays one; what the system refused is systemError's.
import { type ErrorCode, VamanaError } from '../errors.js';

/** Something is wrong at one place of one file. */
export class VectorFileError extends VamanaError {
  constructor(
    code: ErrorCode,
    readonly path: string,
    /** Bytes from the start of the file to what is wrong. */
    readonly offset: number,
    problem: string,
  ) {
    super(code, `${path}: at byte ${offset}: ${problem}`);
  }
}

/** `problem` says what was found, what was expected and what to do. */
export function badVectorFile(path: string, offset: number, problem: string): VectorFileError {
  return new VectorFileError('BAD_VECTOR_FILE', path, offset, problem);
}

/** The same for a row of a format in which bytes say nothing to a reader. */
export function badVectorRow(path: string, row: number, problem: string): VamanaError {
  return new VamanaError('BAD_VECTOR_FILE', `${path}: row ${row}: ${problem}`);
}

export function invalidArgument(message: string): VamanaError {
  return new VamanaError('INVALID_ARGUMENT', message);
}
