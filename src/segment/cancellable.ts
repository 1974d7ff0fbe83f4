// Runs one native call under an AbortSignal and with errors of the catalogue: the only way that the functions
// of this folder call the addon. AbortSignal becomes the addon's cancel flag, which long work looks at often.
import type { Native, NativeCancel } from '../binding.js';
import { asVamanaError, isErrorCode, VamanaError } from '../errors.js';

/**
 * The value of `call`. Rejects with ABORTED (its cause the signal's reason) when the signal is aborted before
 * or midway; work that was finished all the same is not thrown away. What a listener of the caller's threw
 * passes as it is.
 */
export async function cancellable<T>(
  native: Native,
  signal: AbortSignal | undefined,
  call: (cancel: NativeCancel | null) => Promise<T>,
): Promise<T> {
  if (signal?.aborted) throw abortedError(signal);
  const cancel = signal === undefined ? null : native.createCancel();
  const raise = (): void => cancel?.cancel();
  signal?.addEventListener('abort', raise, { once: true });
  try {
    return await call(cancel);
  } catch (thrown) {
    if (!hasErrorCode(thrown)) throw thrown;
    const error = asVamanaError(thrown);
    throw signal?.aborted && error.code === 'ABORTED' ? abortedError(signal) : error;
  } finally {
    signal?.removeEventListener('abort', raise);
  }
}

function hasErrorCode(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && isErrorCode(thrown.code);
}

export function abortedError(signal: AbortSignal): VamanaError {
  const reason: unknown = signal.reason;
  const why = reason instanceof Error ? reason.message : String(reason);
  return new VamanaError('ABORTED', `the call was cancelled by its signal: ${why}`, { cause: reason });
}
