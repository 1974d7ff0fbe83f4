// What the service answers with when it cannot do what was asked: a status of HTTP and a text. VamanaError has the
// library's own failures; here are those that only the protocol has, and how both become an answer.
import { asVamanaError, VamanaError } from '../errors.js';

export class WireError extends Error {
  override readonly name = 'WireError';

  constructor(
    readonly status: number,
    message: string,
    readonly retryAfterSeconds?: number,
  ) {
    super(message);
  }
}

export function badRequest(message: string): WireError {
  return new WireError(400, `Wrong input: ${message}`);
}

/** For what Qdrant has and this service has not; said, never passed over in silence. */
export function notSupported(what: string, instead: string): WireError {
  return new WireError(400, `Wrong input: ${what} is not supported by this service; ${instead}`);
}

export function notFound(message: string): WireError {
  return new WireError(404, `Not found: ${message}`);
}

const RETRY_SECONDS = 1;
/** Not of the library's: the caller's own clock ran out. */
const TIMED_OUT = 408;

/** Whatever was thrown, as what is answered. */
export function asWireError(thrown: unknown): WireError {
  if (thrown instanceof WireError) return thrown;
  if (isFastifyError(thrown)) return new WireError(thrown.statusCode, thrown.message);
  const error = asVamanaError(thrown);
  const { httpStatus } = error;
  if (error.code === 'ABORTED') return new WireError(TIMED_OUT, `${error.message}; give it more time`);
  const message = httpStatus === 400 ? `Wrong input: ${error.message}` : error.message;
  return new WireError(httpStatus, message, error.retryable && httpStatus === 503 ? RETRY_SECONDS : undefined);
}

/** What fastify itself refuses: a URL or a header that is none. */
function isFastifyError(thrown: unknown): thrown is Error & { statusCode: number } {
  if (!(thrown instanceof Error) || thrown instanceof VamanaError) return false;
  return 'statusCode' in thrown && typeof thrown.statusCode === 'number' && thrown.statusCode < 500;
}
