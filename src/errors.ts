// The one catalogue of errors. A code is stable: scripts match on it, so it is never renamed or given a
// second meaning. The codes of the native side (native/base/status.h) are all here; a test compares them.
// A message says what was found, where, what was expected and what to do.

interface ErrorKind {
  /** What a server answers with. */
  readonly httpStatus: number;
  /** True when the same call may succeed later without any change by the caller. */
  readonly retryable: boolean;
  readonly meaning: string;
}

export const errorCatalogue = {
  INVALID_ARGUMENT: { httpStatus: 400, retryable: false, meaning: 'an argument that can never work' },
  NOT_FOUND: { httpStatus: 404, retryable: false, meaning: 'a file or folder that must exist does not' },
  ALREADY_EXISTS: { httpStatus: 409, retryable: false, meaning: 'the target stands already' },
  BAD_VECTOR_FILE: { httpStatus: 400, retryable: false, meaning: 'a vector file breaks its format' },
  VERSION_CONFLICT: { httpStatus: 409, retryable: false, meaning: 'a point changed since the version named' },
  UNINDEXED_FILTER: {
    httpStatus: 400,
    retryable: false,
    meaning: 'a filter on fields without an index would read more payloads than allowed',
  },
  GATE_REFUSED: { httpStatus: 409, retryable: false, meaning: 'a merged segment did worse than those it was made of' },
  ROWS_EXHAUSTED: { httpStatus: 507, retryable: false, meaning: 'no row numbers are left in the collection' },
  NOT_FINITE: { httpStatus: 400, retryable: false, meaning: 'NaN or infinity in a vector' },
  CORRUPT: { httpStatus: 500, retryable: false, meaning: 'a checksum or an invariant of a stored file does not hold' },
  TOO_NEW: { httpStatus: 500, retryable: false, meaning: 'written by a later version of this software' },
  TOO_OLD: { httpStatus: 500, retryable: false, meaning: 'written by a version that is no longer read' },
  UNSUPPORTED: { httpStatus: 501, retryable: false, meaning: 'valid, but not possible here' },
  IO: { httpStatus: 500, retryable: true, meaning: 'the system refused a read, a write or a sync' },
  DISK_FULL: { httpStatus: 507, retryable: true, meaning: 'no space left for a write' },
  MEMORY_LIMIT: { httpStatus: 507, retryable: false, meaning: 'the work does not fit the memory allowed' },
  LOCKED: { httpStatus: 409, retryable: true, meaning: 'another process has the folder open' },
  BUSY: { httpStatus: 503, retryable: true, meaning: 'a bounded queue is full' },
  CLOSED: { httpStatus: 503, retryable: false, meaning: 'the handle was closed' },
  ABORTED: { httpStatus: 499, retryable: true, meaning: 'cancelled by the caller' },
  INTERNAL: { httpStatus: 500, retryable: false, meaning: 'a bug in this software' },
  ADDON_MISSING: { httpStatus: 500, retryable: false, meaning: 'the native addon is not built for this machine' },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof errorCatalogue;

export class VamanaError extends Error {
  override readonly name = 'VamanaError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }

  get httpStatus(): number {
    return errorCatalogue[this.code].httpStatus;
  }

  get retryable(): boolean {
    return errorCatalogue[this.code].retryable;
  }
}

export function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(errorCatalogue, code);
}

/** What was thrown, as a VamanaError: itself, one with its code (the addon's errors), or INTERNAL around it. */
export function asVamanaError(thrown: unknown): VamanaError {
  if (thrown instanceof VamanaError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const code = thrown instanceof Error && 'code' in thrown && isErrorCode(thrown.code) ? thrown.code : 'INTERNAL';
  return new VamanaError(code, message, { cause: thrown });
}
