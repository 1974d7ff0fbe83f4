// The errors of vector files: what is wrong with the bytes (with file and offset), and what the system refused.
// Every file of this folder raises its errors through these functions, so that the wording stays one.
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

export function invalidArgument(message: string): VamanaError {
  return new VamanaError('INVALID_ARGUMENT', message);
}

/** A failed system call as an error of ours: `read /a/b: no space left on device`. */
export function systemError(cause: unknown, action: string, path: string): VamanaError {
  if (cause instanceof VamanaError) return cause;
  const errno = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const reason =
    cause instanceof Error ? cause.message.replace(/^E[A-Z0-9]+: /, '').replace(/, [a-z]+( '.*')?$/, '') : '';
  const text = errno === '' ? String(cause) : `${reason} (${errno})`;
  return new VamanaError(SYSTEM_CODES[errno] ?? 'IO', `${action} ${path}: ${text}`, { cause });
}

const SYSTEM_CODES: Readonly<Record<string, ErrorCode>> = {
  ENOENT: 'NOT_FOUND',
  ENOTDIR: 'NOT_FOUND',
  EEXIST: 'ALREADY_EXISTS',
  ENOSPC: 'DISK_FULL',
  EDQUOT: 'DISK_FULL',
};
