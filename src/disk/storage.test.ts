// One contract for every Storage: the file system of this machine and the double that the crash tests run on.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { FaultyStorage } from '../../test/faulty-storage.js';
import { nodeStorage } from './node-storage.js';
import { replaceFile, stageFile } from './staged-file.js';
import { type Storage, withFile } from './storage.js';

const root = mkdtempSync(join(tmpdir(), 'vamana-storage-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const storages: [string, Storage, string][] = [
  ['the file system', nodeStorage, root],
  ['the double', new FaultyStorage(), '/c'],
];

async function contents(storage: Storage, path: string): Promise<string> {
  return withFile(storage, path, 'read', async (file) => (await file.read(0, await file.size())).toString());
}

describe.each(storages)('%s', (_, storage, base) => {
  const bytes = (text: string): Buffer => Buffer.from(text);
  let folders = 0;
  const folder = async (): Promise<string> => {
    await storage.mkdir(base);
    const path = join(base, `f${folders++}`);
    await storage.mkdir(path);
    return path;
  };

  it('writes buffers one behind the other and reads them back', async () => {
    const path = join(await folder(), 'a');
    const file = await storage.open(path, 'create');
    await file.write([bytes('abc'), bytes(''), bytes('de')], 0);
    await file.write([bytes('XY')], 4);
    await file.datasync();
    expect((await file.read(0, 100)).toString()).toBe('abcdXY');
    expect((await file.read(2, 2)).toString()).toBe('cd');
    expect(await file.read(6, 5)).toHaveLength(0);
    expect(await file.size()).toBe(6);
    await file.truncate(2);
    expect(await file.size()).toBe(2);
    await file.write([bytes('z')], 4);
    await file.close();
    expect(await contents(storage, path)).toBe('ab\0\0z');
  });

  it('continues an existing file without emptying it', async () => {
    const path = join(await folder(), 'a');
    await replaceFile(storage, path, [bytes('abc')]);
    await withFile(storage, path, 'write', (file) => file.write([bytes('d')], 3));
    expect(await contents(storage, path)).toBe('abcd');
  });

  it('renames over a file, removes, lists', async () => {
    const dir = await folder();
    for (const name of ['a', 'b']) await replaceFile(storage, join(dir, name), [bytes(name)]);
    await storage.rename(join(dir, 'a'), join(dir, 'b'));
    expect(await storage.list(dir)).toEqual(['b']);
    expect(await contents(storage, join(dir, 'b'))).toBe('a');
    await storage.unlink(join(dir, 'b'));
    expect(await storage.list(dir)).toEqual([]);
    await storage.syncDir(dir);
    await storage.mkdir(dir);
  });

  it('says what is missing or there already, with the path', async () => {
    const dir = await folder();
    const path = join(dir, 'none');
    const missing = { code: 'NOT_FOUND', message: expect.stringContaining(path) };
    await expect(storage.open(path, 'read')).rejects.toMatchObject(missing);
    await expect(storage.open(path, 'write')).rejects.toMatchObject(missing);
    await expect(storage.unlink(path)).rejects.toMatchObject(missing);
    await expect(storage.rename(path, join(dir, 'b'))).rejects.toMatchObject(missing);
    await expect(storage.list(path)).rejects.toMatchObject(missing);
    await expect(storage.open(join(path, 'x'), 'create')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await replaceFile(storage, path, [bytes('a')]);
    await expect(storage.open(path, 'create')).rejects.toMatchObject({ code: 'ALREADY_EXISTS' });
  });

  it('stages a file without touching its target, over a leftover of the same name', async () => {
    const path = join(await folder(), 'a');
    await replaceFile(storage, path, [bytes('old')]);
    await stageFile(storage, path, [bytes('left over')]);
    const staged = await stageFile(storage, path, [bytes('ne'), bytes('w')]);
    expect(await contents(storage, path)).toBe('old');
    await staged.publish();
    expect(await contents(storage, path)).toBe('new');
    const dropped = await stageFile(storage, path, [bytes('newer')]);
    await dropped.discard();
    await dropped.discard();
    expect(await storage.list(join(path, '..'))).toEqual(['a']);
    expect(await contents(storage, path)).toBe('new');
  });

  it('knows its free space', async () => {
    const { freeBytes, totalBytes } = await storage.freeSpace(await folder());
    expect(freeBytes).toBeGreaterThan(0);
    expect(totalBytes).toBeGreaterThanOrEqual(freeBytes);
  });
});

describe('staging on a failing disk', () => {
  it('leaves the target as it was, and nothing else', async () => {
    for (const [kind, code] of [
      ['create', 'DISK_FULL'],
      ['write', 'DISK_FULL'],
      ['datasync', 'IO'],
      ['close', 'IO'],
    ] as const) {
      const storage = new FaultyStorage();
      storage.put('/c/a', Buffer.from('old'));
      storage.failAt({ nth: 1, kind, errno: code === 'IO' ? 'EIO' : 'ENOSPC' });
      await expect(stageFile(storage, '/c/a', [Buffer.from('new')])).rejects.toMatchObject({ code });
      expect([...storage.bytes].map(([path, bytes]) => [path, bytes.toString()])).toEqual([['/c/a', 'old']]);
    }
  });

  it('shows the old file or the new one wherever the power goes', async () => {
    const found = new Set<string>();
    for (let calls = 0; calls < 9; calls += 1) {
      for (let seed = 0; seed < 30; seed += 1) {
        const storage = new FaultyStorage();
        storage.put('/c/a', Buffer.from('old'));
        storage.cutPowerAfter(calls);
        const done = await replaceFile(storage, '/c/a', [Buffer.alloc(2000, 'new')]).then(
          () => true,
          () => false,
        );
        const text = storage.powerCut(seed).bytes.get('/c/a')?.toString() ?? 'nothing';
        expect(['old', 'newne'], `calls ${calls}, seed ${seed}`).toContain(text.slice(0, 5));
        expect(text.length, `calls ${calls}, seed ${seed}`).toBe(text.startsWith('old') ? 3 : 2000);
        if (done) expect(text).toMatch(/^new/);
        found.add(text.slice(0, 3));
      }
    }
    expect([...found].sort()).toEqual(['new', 'old']);
  });
});
