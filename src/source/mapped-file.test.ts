import { execFileSync } from 'node:child_process';
import { readFileSync, truncateSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../test/vector-files.js';
import { MappedFile } from './mapped-file.js';

const folder = temporaryFolder();
const MIB = 1024 * 1024;

/** Bytes of the file that are mapped into this process right now. */
function mappedBytes(path: string): number {
  return readFileSync('/proc/self/maps', 'utf8')
    .split('\n')
    .filter((line) => line.endsWith(path))
    .map((line) => (line.split(' ')[0] ?? '').split('-').map((address) => Number.parseInt(address, 16)))
    .reduce((sum, [from = 0, to = 0]) => sum + to - from, 0);
}

const pattern = (bytes: number): Buffer => Buffer.from(Uint32Array.from({ length: bytes / 4 }, (_, at) => at).buffer);

describe('MappedFile', () => {
  it('maps a window and no more of the file', () => {
    const bytes = pattern(4 * MIB);
    const path = folder.file('map.bin', bytes);
    const file = MappedFile.open(path);
    expect(file.bytes).toBe(bytes.length);
    file.use(123_456, MIB, (window) => {
      expect(Buffer.from(window).equals(bytes.subarray(123_456, 123_456 + MIB))).toBe(true);
      expect(mappedBytes(path)).toBeGreaterThanOrEqual(MIB);
      expect(mappedBytes(path)).toBeLessThanOrEqual(MIB + 2 * 4096);
    });
    file.close();
  });

  it('gives a window whose slice() is a copy', () => {
    const file = MappedFile.open(folder.file('slice.bin', pattern(MIB)));
    file.use(0, MIB, (window) => expect(window.slice(0, 8).buffer).not.toBe(window.buffer));
    file.close();
  });

  it('reads small windows and those beyond what mmap-io can address, without a map', () => {
    const path = folder.file('far.bin', pattern(MIB));
    const end = 2 ** 32 + 2 * MIB;
    truncateSync(path, end);
    const file = MappedFile.open(path);
    const unmapped = (window: Uint8Array): number => {
      expect(mappedBytes(path)).toBe(0);
      return window.reduce((sum, value) => sum + value, 0);
    };
    expect(file.use(400, 4, unmapped)).toBe(100);
    // Wrapped to 32 bits, these offsets would show the pattern at the start of the file.
    expect(file.use(2 ** 32, MIB, unmapped)).toBe(0);
    expect(file.use(2 ** 31, MIB, unmapped)).toBe(0);
    file.close();
  });

  it('leaves no resident pages of a window behind', () => {
    const path = folder.file('resident.bin', pattern(8 * MIB));
    const file = MappedFile.open(path);
    const resident = (): number => {
      const smaps = readFileSync('/proc/self/smaps', 'utf8').split(/\n(?=[0-9a-f]+-[0-9a-f]+ )/);
      const ours = smaps.filter((entry) => (entry.split('\n')[0] ?? '').endsWith(path));
      return ours.reduce((sum, entry) => sum + Number(/^Rss:\s+(\d+) kB/m.exec(entry)?.[1]), 0);
    };
    file.use(0, 8 * MIB, (window) => {
      expect(window.reduce((sum, value) => sum + value, 0)).toBeGreaterThan(0);
      expect(resident()).toBeGreaterThan(4096);
    });
    expect(resident()).toBe(0);
    file.close();
  });

  it('does not wait on a named pipe', () => {
    const path = folder.file('pipe.fvecs');
    execFileSync('mkfifo', [path]);
    expect(() => MappedFile.open(path)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });
});
