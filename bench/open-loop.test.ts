import { describe, expect, it } from 'vitest';
import { openLoop } from './open-loop.js';
import { seededRandom } from '../tools/random.js';

describe('an open loop', () => {
  it('sends what is due though nothing is answered, and counts from when it was due', async () => {
    let open: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    let sent = 0;
    const result = openLoop({
      perSecond: 200,
      seconds: 0.5,
      random: seededRandom(1),
      send: async () => {
        sent += 1;
        if (sent === 50) setTimeout(open, 100);
        await gate;
        return true;
      },
    });
    const { failed, sent: all, p50_ms: p50, max_ms: max } = await result;
    expect(sent).toBeGreaterThanOrEqual(50);
    expect([failed, all]).toEqual([0, sent]);
    // The first waited for the gate longest.
    expect(max).toBeGreaterThan(p50);
    expect(max).toBeGreaterThan(100);
  });

  it('counts what was refused or failed', async () => {
    const { sent, failed, served } = await openLoop({
      perSecond: 500,
      seconds: 0.2,
      random: seededRandom(2),
      send: async (at) => {
        if (at % 2 === 0) throw new Error('refused');
        return false;
      },
    });
    expect(sent).toBeGreaterThan(10);
    expect(failed).toBe(sent);
    expect(served).toBe(0);
  });
});
