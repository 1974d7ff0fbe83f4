import { describe, expect, it } from 'vitest';
import { VamanaError } from '../errors.js';
import { oncePossible } from './once-possible.js';

describe('a call that may be refused', () => {
  const failing = (code: 'BUSY' | 'CLOSED', times: number) => {
    let left = times;
    return async (): Promise<string> => {
      left -= 1;
      if (left >= 0) throw new VamanaError(code, 'refused');
      return 'found';
    };
  };

  it('waits while too many search', async () => {
    await expect(oncePossible(failing('BUSY', 2))).resolves.toBe('found');
  });

  it('does so for a time only', async () => {
    await expect(oncePossible(failing('BUSY', 1000), 120)).rejects.toThrow('refused');
  });

  it('fails at once of anything else', async () => {
    await expect(oncePossible(failing('CLOSED', 1))).rejects.toThrow('refused');
  });
});
