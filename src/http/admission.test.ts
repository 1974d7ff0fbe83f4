import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Admission } from './admission.js';

const LIMITS = { requests: 100, concurrency: 2, queueMs: 60_000, requestsPerSecond: 0 };

async function outcome(entering: Promise<() => void>): Promise<unknown> {
  return entering.then(
    () => 'in',
    (error) => [error.status, error.retryAfterSeconds],
  );
}

describe('admission', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('lets so many of a lane work at once, and the others in order', async () => {
    const admission = new Admission(LIMITS);
    const leaves = [await admission.enter('read'), await admission.enter('read')];
    const order: number[] = [];
    const later = [1, 2].map((number) =>
      admission.enter('read').then((leave) => {
        order.push(number);
        return leave;
      }),
    );
    expect([admission.inFlight, admission.waiting]).toEqual([2, 2]);
    // The other lane has places of its own.
    (await admission.enter('write'))();
    leaves[0]?.();
    (await later[0])?.();
    (await later[1])?.();
    leaves[1]?.();
    expect(order).toEqual([1, 2]);
    expect([admission.inFlight, admission.waiting]).toEqual([0, 0]);
  });

  it('refuses at once who would wait too long, and later who did', async () => {
    const shed: string[] = [];
    const admission = new Admission({ ...LIMITS, concurrency: 1, queueMs: 20 }, (reason) => shed.push(reason));
    const leave = await admission.enter('read');
    // Nothing is known of what requests take yet: it waits, and is refused when its time is up.
    const waiting = outcome(admission.enter('read'));
    await vi.advanceTimersByTimeAsync(19);
    expect(admission.waiting).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(await waiting).toEqual([503, 1]);
    await vi.advanceTimersByTimeAsync(1000);
    leave();
    // One that took a second says that the next wait would be longer than 20 ms.
    const again = await admission.enter('read');
    expect(await outcome(admission.enter('read'))).toEqual([503, 1]);
    again();
    expect(shed).toEqual(['queue', 'queue']);
  });

  it('refuses what is more than may be there at all, and forgets who goes away', async () => {
    const admission = new Admission({ ...LIMITS, requests: 2, concurrency: 1 });
    const leave = await admission.enter('write');
    const gone = new AbortController();
    const waiting = outcome(admission.enter('write', gone.signal));
    expect(await outcome(admission.enter('read'))).toEqual([503, 1]);
    gone.abort();
    expect(await waiting).toEqual([408, undefined]);
    leave();
    expect([admission.inFlight, admission.waiting]).toEqual([0, 0]);
  });

  it('holds each holder to its rate', () => {
    const admission = new Admission({ ...LIMITS, requestsPerSecond: 2 });
    const spend = (holder: string, ms: number): number => {
      try {
        admission.spend(holder, ms);
        return 200;
      } catch (error) {
        return (error as { status: number }).status;
      }
    };
    expect([spend('a', 0), spend('a', 0), spend('a', 0), spend('b', 0)]).toEqual([200, 200, 429, 200]);
    expect([spend('a', 500), spend('a', 500)]).toEqual([200, 429]);
  });
});
