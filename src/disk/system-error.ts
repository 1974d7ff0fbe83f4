// A failed system call as an error of the catalogue. Everything that touches a file raises its errors through
// here, so that a full disk is DISK_FULL and a message names the file, whoever made the call.
import { type ErrorCode, VamanaError } from '../errors.js';

/** A failed system call as an error of ours: `read /a/b: no space left on device`. */
export function systemError(cause: unknown, action: string, path: string): VamanaError {
  if (cause instanceof VamanaError) return cause;
  const errno = errnoOf(cause);
  const reason =
    cause instanceof Error ? cause.message.replace(/^E[A-Z0-9]+: /, '').replace(/, [a-z]+( '.*')?$/, '') : '';
  const text = errno === '' ? String(cause) : `${reason} (${errno})`;
  return new VamanaError(SYSTEM_CODES[errno] ?? 'IO', `${action} ${path}: ${text}`, { cause });
}

/** "ENOENT" of an error that the system raised, else "". */
export function errnoOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

const SYSTEM_CODES: Readonly<Record<string, ErrorCode>> = {
  ENOENT: 'NOT_FOUND',
  ENOTDIR: 'NOT_FOUND',
  EEXIST: 'ALREADY_EXISTS',
  ENOSPC: 'DISK_FULL',
  EDQUOT: 'DISK_FULL',
};
