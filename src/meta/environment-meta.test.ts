import { describe, expect, it } from 'vitest';
import { currentBoot, type EnvironmentMeta, pickMeta } from './environment-meta.js';

const tree = Buffer.alloc(48);

function meta(transaction: number, isSynced: boolean, boot = 7n): EnvironmentMeta {
  return {
    at: 0,
    mapBytes: 0n,
    freeTree: tree,
    mainTree: tree,
    lastPage: 1n,
    transaction: BigInt(transaction),
    isSynced,
    boot,
  };
}

describe('the meta page that LMDB goes by', () => {
  it.each([
    ['the first of an empty file', meta(0, true), meta(0, true), meta(0, true), 7n, 'even'],
    ['the newest of this boot', meta(4, false), meta(5, false), meta(3, true), 7n, 'odd'],
    ['the newest of this boot, also when even', meta(6, false), meta(5, false), meta(3, true), 7n, 'even'],
    ['after another boot the one that was synced', meta(4, false), meta(5, false), meta(4, true), 8n, 'even'],
    [
      'after another boot the older one, when nothing newer is synced',
      meta(4, false),
      meta(5, false),
      meta(2, true),
      8n,
      'synced',
    ],
    ['after another boot the newest, when it was synced', meta(4, false), meta(5, false), meta(5, true), 8n, 'synced'],
    [
      'not the newest where boots are not known',
      meta(4, false, 0n),
      meta(5, false, 0n),
      meta(3, true, 0n),
      0n,
      'synced',
    ],
    ['one of two where nothing was ever synced', meta(4, false), meta(5, false), meta(0, true), 7n, 'odd'],
  ])('is %s', (_what, even, odd, synced, boot, expected) => {
    const picked = pickMeta(even, odd, synced, boot);
    expect(picked).toBe({ even, odd, synced }[expected]);
  });

  it('knows this boot', () => {
    expect(currentBoot()).toBeGreaterThan(0n);
  });
});
