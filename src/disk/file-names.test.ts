import { basename } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CollectionPaths,
  DatabasePaths,
  parseManifestName,
  parseSegmentName,
  parseWalName,
  temporaryName,
  temporaryTarget,
  walSegmentPath,
} from './file-names.js';

const paths = new CollectionPaths('c');
const number = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });

describe('names in a collection', () => {
  it('come back as the numbers they were made of', () => {
    fc.assert(
      fc.property(number, (n) => {
        expect(parseManifestName(basename(paths.manifest(n)))).toBe(n);
        expect(parseSegmentName(basename(paths.segment(n)))).toBe(n);
        expect(parseWalName(basename(walSegmentPath(paths.walDir, n)))).toBe(n);
      }),
    );
  });

  it('are as documented', () => {
    expect(paths.manifest(12)).toBe('c/manifest-12.vm');
    expect(paths.segment(3)).toBe('c/segments/3');
    expect(walSegmentPath(paths.walDir, 255)).toBe('c/wal/00000000000000ff.wal');
    expect(paths.metaDir).toBe('c/meta');
    const database = new DatabasePaths('d');
    expect([database.lock, database.collection('a.b-C_1')]).toEqual(['d/LOCK', 'd/collections/a.b-C_1']);
  });

  it('refuse what cannot name a collection', () => {
    const database = new DatabasePaths('d');
    for (const name of ['', '.', '..', '.x', 'a/b', 'a\\b', 'a b', 'x.tmp', 'é', 'a'.repeat(201)]) {
      expect(() => database.collection(name), name).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
    }
    expect(database.collection('a'.repeat(200))).toContain('aaa');
  });

  it('are nobody’s unless they are exactly as they would be made', () => {
    const parsers = [parseManifestName, parseSegmentName, parseWalName];
    const names = ['', '0', '01', 'x1', '1.', 'manifest-0.vm', 'manifest-01.vm', 'manifest-1.vm.tmp', 'amanifest-1.vm'];
    names.push('manifest-9999999999999999.vm', '00000000000000FF.wal', 'ff.wal', '0000000000000000.wal');
    names.push('ffffffffffffffff.wal', '00000000000000ff.wal.bak', '9999999999999999');
    for (const name of names) expect(parsers.map((parse) => parse(name))).toEqual([null, null, null]);
  });

  it('are told from temporary ones', () => {
    expect(temporaryTarget(temporaryName('manifest-7.vm'))).toBe('manifest-7.vm');
    expect(temporaryTarget('12.tmp-00112233-4455-4677-8899-aabbccddeeff')).toBe('12');
    for (const name of ['manifest-7.vm', '.tmp', 'a.tmpx']) expect(temporaryTarget(name)).toBeNull();
  });
});
