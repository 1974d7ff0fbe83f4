import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decodeSnapshotList, encodeSnapshotList, type SnapshotList } from './snapshot-list.js';

const documented: SnapshotList = {
  name: 'words',
  uuid: '0f0e0d0c-0b0a-4908-8706-050403020100',
  createdAt: '2025-01-03T00:00:00.000Z',
  seq: 14,
  points: 92,
  files: [{ path: 'manifest-2.vm', bytes: 487, crc32: 'e438af62' }],
};

const file = (path: string): SnapshotList['files'][number] => ({ path, bytes: 1, crc32: '00000000' });

describe('the list of a snapshot', () => {
  it('is as documented', () => {
    const formats = readFileSync(new URL('../../FORMATS.md', import.meta.url), 'utf8');
    const start = formats.indexOf('vamana-snapshot 1\n');
    const text = formats.slice(start, formats.indexOf('```', start));
    expect(text).toBe(encodeSnapshotList(documented).toString());
    expect(decodeSnapshotList(Buffer.from(text), 'SNAPSHOT')).toEqual(documented);
  });

  it('with any byte changed or cut off is CORRUPT', () => {
    const bytes = encodeSnapshotList(documented);
    const corrupt = expect.objectContaining({ code: 'CORRUPT', message: expect.stringMatching(/^s: at byte \d+: /) });
    for (let at = 0; at < bytes.length; at += 1) {
      const flipped = Buffer.from(bytes);
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8));
      expect(() => decodeSnapshotList(flipped, 's'), `byte ${at}`).toThrow(corrupt);
      expect(() => decodeSnapshotList(bytes.subarray(0, at), 's'), `length ${at}`).toThrow(corrupt);
    }
  });

  it('never names anything outside of its folder, nor a file twice', () => {
    for (const path of ['../a', '/etc/passwd', 'a/../../b', '', '.', 'a//b', 'SNAPSHOT', 'a\\b']) {
      expect(() => encodeSnapshotList({ ...documented, files: [file(path)] }), path).toThrow(/no path of a file/);
    }
    expect(() => encodeSnapshotList({ ...documented, files: [file('a'), file('a')] })).toThrow(/a does not follow a/);
  });
});
