import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { checkSpace, freeBytes } from './free-space.js';

describe('the space guard', () => {
  it('lets a write through that leaves the reserve', () => {
    expect(() => checkSpace('/x', 100, 900, () => 1000)).not.toThrow();
  });

  it('refuses one that does not, as 507, saying how much there is', () => {
    expect(() => checkSpace('/x', 101, 900, () => 1000)).toThrow(
      expect.objectContaining({ code: 'DISK_FULL', httpStatus: 507, message: expect.stringContaining('1000 bytes') }),
    );
  });

  it('asks the system', () => {
    expect(freeBytes(tmpdir())).toBeGreaterThan(0);
  });
});
