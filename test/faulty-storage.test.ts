import { describe, expect, it } from 'vitest';
import { FaultyStorage } from './faulty-storage.js';

async function fileOf(storage: FaultyStorage): ReturnType<FaultyStorage['open']> {
  await storage.mkdir('/c');
  return storage.open('/c/a', 'create');
}

/** The states of a file over many power cuts. */
function states(storage: FaultyStorage, path = '/c/a'): Set<string> {
  const found = new Set<string>();
  for (let seed = 0; seed < 400; seed += 1) {
    found.add(storage.powerCut(seed).bytes.get(path)?.toString('latin1') ?? 'none');
  }
  return found;
}

describe('a storage that loses power', () => {
  it('keeps what was synced, name and bytes', async () => {
    const storage = new FaultyStorage();
    const file = await fileOf(storage);
    await file.write([Buffer.from('abc')], 0);
    await file.datasync();
    await storage.syncDir('/c');
    expect(states(storage)).toEqual(new Set(['abc']));
  });

  it('may lose a name that was not synced, and bytes that were not', async () => {
    const storage = new FaultyStorage();
    const file = await fileOf(storage);
    await file.write([Buffer.from('abc')], 0);
    await file.datasync();
    expect(states(storage)).toEqual(new Set(['abc', 'none']));
    await storage.syncDir('/c');
    await file.write([Buffer.from('de')], 3);
    expect(states(storage)).toEqual(new Set(['abc', 'abcde', 'abcd', 'abc\0', 'abc\0\0']));
  });

  it('tears a write by sectors', async () => {
    const storage = new FaultyStorage();
    const file = await fileOf(storage);
    await file.write([Buffer.alloc(2048, 'a')], 0);
    await file.datasync();
    await storage.syncDir('/c');
    await file.write([Buffer.alloc(2048, 'b')], 0);
    const found = [...states(storage)].map((text) => [0, 1, 2, 3].map((sector) => text[sector * 512]).join(''));
    expect(new Set(found).size).toBe(16);
    for (const text of states(storage)) expect(text).toMatch(/^((a{512})|(b{512})){4}$/);
  });

  it('does not bring back what a failed sync lost, until it is written again', async () => {
    const storage = new FaultyStorage(7);
    const file = await fileOf(storage);
    await storage.syncDir('/c');
    await file.write([Buffer.alloc(8192, 'a')], 0);
    storage.failAt({ nth: 1, kind: 'datasync', errno: 'EIO' });
    await expect(file.datasync()).rejects.toMatchObject({ code: 'IO' });
    expect((await file.read(0, 8192)).toString()).toBe('a'.repeat(8192));
    await file.datasync();
    expect([...states(storage)]).toHaveLength(1);
    expect([...states(storage)][0]).not.toBe('a'.repeat(8192));
    await file.write([Buffer.alloc(8192, 'a')], 0);
    await file.datasync();
    expect(states(storage)).toEqual(new Set(['a'.repeat(8192)]));
  });

  it('keeps a rename whole or not at all', async () => {
    const storage = new FaultyStorage();
    storage.put('/c/a', Buffer.from('old'));
    storage.put('/c/b', Buffer.from('new'));
    await storage.rename('/c/b', '/c/a');
    for (let seed = 0; seed < 50; seed += 1) {
      const left = [...storage.powerCut(seed).bytes].map(([path, bytes]) => `${path} ${bytes}`).sort();
      expect([['/c/a new'], ['/c/a old', '/c/b new']]).toContainEqual(left);
    }
  });

  it('rejects every call once the power is off, and fails the n-th of a kind', async () => {
    const storage = new FaultyStorage();
    const file = await fileOf(storage);
    storage.failAt({ nth: 2, kind: 'write', errno: 'ENOSPC' });
    await file.write([Buffer.from('a')], 0);
    await expect(file.write([Buffer.from('b')], 1)).rejects.toMatchObject({ code: 'DISK_FULL' });
    await file.write([Buffer.from('c')], 1);
    storage.cutPowerAfter(1);
    await file.size();
    await expect(file.size()).rejects.toThrow('the power is off');
    expect(storage.isOff).toBe(true);
  });
});
