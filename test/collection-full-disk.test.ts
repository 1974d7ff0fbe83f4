// A disk that is really full: a small file system in memory, which takes a root user to mount; elsewhere these tests
// are skipped. Whatever meets the end of the space first (log, metadata, segment), nothing acknowledged is lost.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it, onTestFinished } from 'vitest';
import { type Collection, open, VamanaError } from '../src/index.js';
import { checkFiles, checkSearches, readAllPoints } from './check-collection.js';

const mount = mkdtempSync(join(tmpdir(), 'vamana-full-'));
const mounted = tryMount();

afterAll(() => rmSync(mount, { recursive: true, force: true }));

/** Whether this user may. */
function tryMount(): boolean {
  try {
    mountFresh();
    unmount();
    return true;
  } catch {
    return false;
  }
}

function mountFresh(): void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=12m', 'tmpfs', mount], { stdio: 'ignore' });
}

function unmount(): void {
  execFileSync('umount', ['-l', mount]);
}

const DIM = 64;
const BATCH = 20;

function batchOf(n: number, text: string): { id: number; vector: number[]; payload: { n: number; text: string } }[] {
  return Array.from({ length: BATCH }, (_, i) => {
    const id = n * BATCH + i;
    return {
      id,
      vector: Array.from({ length: DIM }, (_, at) => (at === 0 ? id : (id * at) % 101)),
      payload: { n, text },
    };
  });
}

/** Batches until one fails; how many did not, and why. */
async function fill(collection: Collection, text: string): Promise<{ written: number; error: unknown }> {
  for (let n = 0; n < 5000; n += 1) {
    try {
      await collection.upsert(batchOf(n, text));
    } catch (error) {
      return { written: n, error };
    }
  }
  return { written: 5000, error: null };
}

// What is big decides who runs out of space: the vectors' segments, or the metadata; a file that takes most of the
// space from the start, the log.
const cases = [
  { name: 'segments', deltaRows: 400, text: '', ballast: 0 },
  { name: 'metadata', deltaRows: 100_000, text: 'x'.repeat(900), ballast: 0 },
  { name: 'anything', deltaRows: 200, text: 'x'.repeat(300), ballast: 9_000_000 },
];

it.skipIf(!mounted).each(cases)(
  'loses nothing on a disk full of $name, and goes on reading',
  async (each) => {
    mountFresh();
    onTestFinished(unmount);
    const dir = join(mount, each.name);
    const ballast = join(mount, 'ballast');
    if (each.ballast > 0) writeFileSync(ballast, Buffer.alloc(each.ballast));
    const options = {
      threads: 1,
      reserveBytes: 0,
      deltaRows: each.deltaRows,
      walSegmentBytes: 500_000,
      writeTimeoutMs: 500,
    };
    const database = await open(dir, options);
    const collection = await database.createCollection('c', { dim: DIM, degree: 8, buildList: 16, codeBytes: 16 });
    const { written, error } = await fill(collection, each.text);
    expect(error).toBeInstanceOf(VamanaError);
    expect((error as VamanaError).code).toBe('DISK_FULL');
    // It reads what was acknowledged, at least.
    for (let n = 0; n < written; n += 1 + Math.floor(written / 7)) {
      expect(await collection.retrieve([n * BATCH], { withVector: true })).toHaveLength(1);
      const vector = Float32Array.from(batchOf(n, '')[0]?.vector ?? []);
      expect((await collection.search(vector, { k: 1, exact: true }))[0]).toMatchObject({
        id: BigInt(n * BATCH),
        distance: 0,
      });
    }
    await database.close().catch((end: unknown) => expect(end).toMatchObject({ code: 'DISK_FULL' }));

    rmSync(ballast, { force: true });
    execFileSync('mount', ['-o', 'remount,size=200m', mount]);
    const again = await open(dir, { ...options, deltaRows: 1000 });
    const found = await again.collection('c');
    const points = await readAllPoints(found);
    const batches = Math.floor(points.length / BATCH);
    expect(points.length % BATCH).toBe(0);
    expect(batches).toBeGreaterThanOrEqual(written);
    expect(batches).toBeLessThanOrEqual(written + 1);
    await checkSearches(found, points);
    await found.upsert(batchOf(6000, each.text));
    await found.flush();
    expect(found.count()).toBe(points.length + BATCH);
    await again.close();
    await checkFiles(dir, 'c');
  },
  120_000,
);
