import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { CallKind } from '../../test/faulty-storage.js';
import { FaultyStorage } from '../../test/faulty-storage.js';
import { sampleManifest } from '../../test/sample-manifest.js';
import { nodeStorage } from '../disk/node-storage.js';
import type { Manifest } from './manifest.js';
import { applyEdit } from './manifest-edit.js';
import { encodeManifest } from './manifest-format.js';
import { ManifestStore, readManifest } from './manifest-store.js';

type Config = { dim: number };

const first: Manifest<Config> = { ...sampleManifest, version: 1 };

function emptyStorage(seed?: number): FaultyStorage {
  const storage = new FaultyStorage(seed);
  storage.put('/c/LOCK', Buffer.alloc(0));
  return storage;
}

function names(storage: FaultyStorage): string[] {
  return [...storage.bytes.keys()].filter((name) => name.includes('manifest')).sort();
}

function next(store: ManifestStore<Config>): Manifest<Config> {
  return applyEdit(store.current, { flushedSeq: store.current.flushedSeq + 1 });
}

async function published(versions: number): Promise<{ storage: FaultyStorage; store: ManifestStore<Config> }> {
  const storage = emptyStorage();
  const store = await ManifestStore.create<Config>(storage, '/c', first);
  while (store.current.version < versions) await store.publish(next(store));
  return { storage, store };
}

describe('the manifest store', () => {
  it('opens what was published last, and keeps the one before', async () => {
    const { storage, store } = await published(12);
    expect(names(storage)).toEqual(['/c/manifest-11.vm', '/c/manifest-12.vm']);
    const opened = await ManifestStore.open<Config>(storage, '/c');
    expect(opened.current).toEqual(store.current);
    expect(opened.current.flushedSeq).toBe(first.flushedSeq + 11);
    expect((await readManifest<Config>(storage, '/c', 11)).version).toBe(11);
    // What was passed in may change afterwards.
    const mine = next(opened);
    await opened.publish(mine);
    mine.segments.pop();
    expect(opened.current.segments).toHaveLength(2);
  });

  it('works on the file system', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'vamana-manifest-'));
    try {
      const store = await ManifestStore.create<Config>(nodeStorage, dir, first);
      for (let version = 2; version <= 4; version += 1) await store.publish(next(store));
      expect((await ManifestStore.open<Config>(nodeStorage, dir)).current).toEqual(store.current);
      expect(readdirSync(dir).sort()).toEqual(['manifest-3.vm', 'manifest-4.vm']);
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });

  it('is made once, and opened only where there is one', async () => {
    const { storage } = await published(1);
    await expect(ManifestStore.create(storage, '/c', first)).rejects.toMatchObject({ code: 'ALREADY_EXISTS' });
    await expect(ManifestStore.open(emptyStorage(), '/c')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(ManifestStore.open(new FaultyStorage(), '/c')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('never falls back from a damaged one to the one before', async () => {
    const { storage } = await published(5);
    const path = '/c/manifest-5.vm';
    for (const damage of [Buffer.alloc(0), Buffer.alloc(3000), storage.bytes.get(path)?.subarray(0, 100)]) {
      storage.put(path, damage ?? Buffer.alloc(1));
      const corrupt = { code: 'CORRUPT', message: expect.stringContaining(path) };
      await expect(ManifestStore.open(storage, '/c')).rejects.toMatchObject(corrupt);
    }
    // A copy of an older one under the newest name is no newer for it.
    storage.put(path, encodeManifest({ ...first, version: 4 }));
    await expect(ManifestStore.open(storage, '/c')).rejects.toMatchObject({ code: 'CORRUPT' });
  });

  it('does not read temporary files, and removes them', async () => {
    const { storage, store } = await published(2);
    for (const name of ['manifest-3.vm.tmp', 'manifest-9.vm.tmp']) storage.put(`/c/${name}`, Buffer.from('half a man'));
    const opened = await ManifestStore.open<Config>(storage, '/c');
    expect(opened.current).toEqual(store.current);
    await opened.publish(next(opened));
    expect(names(storage)).toEqual(['/c/manifest-2.vm', '/c/manifest-3.vm']);
  });

  it('refuses what does not follow, and two at once', async () => {
    const { store } = await published(3);
    const internal = { code: 'INTERNAL' };
    await expect(store.publish(store.current)).rejects.toMatchObject(internal);
    await expect(store.publish({ ...next(store), version: 5 })).rejects.toMatchObject(internal);
    await expect(store.publish({ ...next(store), uuid: sampleManifest.segments[0]?.uuid ?? '' })).rejects.toMatchObject(
      internal,
    );
    await expect(store.publish({ ...next(store), flushedSeq: -1 })).rejects.toMatchObject(internal);
    const going = store.publish(next(store));
    await expect(store.publish(next(store))).rejects.toMatchObject(internal);
    await going;
    await store.publish(next(store));
    expect(store.current.version).toBe(5);
  });

  const early: CallKind[] = ['create', 'write', 'datasync', 'close'];
  it.each(early)('can be published again after a failed %s: nothing happened', async (kind) => {
    const { storage, store } = await published(2);
    storage.failAt({ nth: 1, kind, errno: 'ENOSPC' });
    await expect(store.publish(next(store))).rejects.toMatchObject({ code: 'DISK_FULL' });
    expect(store.current.version).toBe(2);
    expect(names(storage)).toEqual(['/c/manifest-1.vm', '/c/manifest-2.vm']);
    await store.publish(next(store));
    expect((await ManifestStore.open(storage, '/c')).current.version).toBe(3);
  });

  it.each(['rename', 'syncDir'] as const)('takes nothing more after a failed %s, until opened', async (kind) => {
    const { storage, store } = await published(2);
    storage.failAt({ nth: 1, kind, errno: 'EIO' });
    const failed = { code: 'IO', message: expect.stringContaining('known only after opening'), cause: { code: 'EIO' } };
    await expect(store.publish(next(store))).rejects.toMatchObject(failed);
    await expect(store.publish(next(store))).rejects.toMatchObject(failed);
    const opened = await ManifestStore.open<Config>(storage, '/c');
    expect(opened.current.version).toBe(kind === 'rename' ? 2 : 3);
    await opened.publish(next(opened));
  });

  it('has made durable what it opens', async () => {
    for (let seed = 0; seed < 20; seed += 1) {
      const { storage, store } = await published(2);
      storage.failAt({ nth: 1, kind: 'syncDir', errno: 'EIO' });
      await expect(store.publish(next(store))).rejects.toMatchObject({ code: 'IO' });
      const { version } = (await ManifestStore.open<Config>(storage, '/c')).current;
      const after = await ManifestStore.open<Config>(storage.powerCut(seed), '/c');
      expect(after.current.version, `seed ${seed}`).toBe(version);
    }
  });

  it('lives with old files that cannot be removed', async () => {
    const { storage, store } = await published(2);
    storage.failAt({ nth: 2, kind: 'unlink', errno: 'EIO' });
    await store.publish(next(store));
    await store.publish(next(store));
    expect(store.current.version).toBe(4);
    expect(names(storage)).toEqual(['/c/manifest-3.vm', '/c/manifest-4.vm']);
  });
});
