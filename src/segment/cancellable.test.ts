import { describe, expect, it } from 'vitest';
import type { Native, NativeCancel } from '../binding.js';
import { VamanaError } from '../errors.js';
import { cancellable } from './cancellable.js';

/** A native whose flags can be looked at. */
function fakeNative(): { native: Native; raised: () => number } {
  let raised = 0;
  const cancel = (): void => {
    raised += 1;
  };
  const createCancel = (): NativeCancel => ({ cancel });
  return { native: { createCancel } as unknown as Native, raised: () => raised };
}
const nativeError = (code: string) => Object.assign(new Error(`native ${code}`), { code });

describe('cancellable', () => {
  it('calls without a flag when there is no signal', async () => {
    expect(await cancellable(fakeNative().native, undefined, async (cancel) => cancel)).toBeNull();
  });

  it('does not call when the signal is aborted already', async () => {
    const { native } = fakeNative();
    const called = cancellable(native, AbortSignal.abort('no need'), () => Promise.reject(new Error('was called')));
    await expect(called).rejects.toMatchObject({
      name: 'VamanaError',
      code: 'ABORTED',
      message: 'the call was cancelled by its signal: no need',
      cause: 'no need',
    });
  });

  it('raises the flag when the signal is aborted, and rejects with its reason', async () => {
    const { native, raised } = fakeNative();
    const controller = new AbortController();
    const reason = new Error('the user left');
    const called = cancellable(native, controller.signal, async () => {
      controller.abort(reason);
      throw nativeError('ABORTED');
    });
    await expect(called).rejects.toMatchObject({ code: 'ABORTED', cause: reason });
    expect(raised()).toBe(1);
  });

  it('keeps what was finished all the same', async () => {
    const controller = new AbortController();
    const called = cancellable(fakeNative().native, controller.signal, async () => {
      controller.abort();
      return 5;
    });
    expect(await called).toBe(5);
  });

  it('no longer listens when the call has ended', async () => {
    const { native, raised } = fakeNative();
    const controller = new AbortController();
    await cancellable(native, controller.signal, async () => 5);
    await cancellable(native, controller.signal, () => Promise.reject(nativeError('IO'))).catch(() => undefined);
    controller.abort();
    expect(raised()).toBe(0);
  });

  it("makes the addon's errors ours and passes others as they are", async () => {
    const { native } = fakeNative();
    const failed = cancellable(native, undefined, () => Promise.reject(nativeError('CORRUPT')));
    await expect(failed).rejects.toBeInstanceOf(VamanaError);
    await expect(failed).rejects.toMatchObject({ code: 'CORRUPT', message: 'native CORRUPT' });
    const thrown = new RangeError('from a listener');
    await expect(cancellable(native, undefined, () => Promise.reject(thrown))).rejects.toBe(thrown);
  });
});
