// One flipped byte in the files of a collection that was closed: opening, reading, searching or verifying must say so,
// and whatever is answered nevertheless must be right. LMDB's file is left out: it has no checksums. Called by
// collection-corruption.test.ts and long/flips.ts.
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseManifestName, parseWalName } from '../src/disk/file-names.js';
import { nodeStorage } from '../src/disk/node-storage.js';
import { type Database, open, VamanaError, verifyIndex } from '../src/index.js';
import { ManifestStore } from '../src/manifest/manifest-store.js';
import { readWal } from '../src/wal/wal-reader.js';
import { generator } from './faulty-storage.js';

export interface FlipReport {
  flips: number;
  /** Who noticed. */
  noticed: Record<'opening' | 'reading' | 'verifying', number>;
}

interface Answers {
  points: unknown[];
  hits: unknown[];
}

const DETECTED = new Set(['CORRUPT', 'TOO_NEW', 'TOO_OLD', 'UNSUPPORTED']);
const NAME = 'flip';

export async function runFlips(seed: number, perFile: number): Promise<FlipReport> {
  const folder = mkdtempSync(join(tmpdir(), 'vamana-flip-'));
  const sound = join(folder, 'sound');
  try {
    await makeDatabase(sound);
    const right = await readAnswers(sound);
    const report: FlipReport = { flips: 0, noticed: { opening: 0, reading: 0, verifying: 0 } };
    for (const file of filesOf(join(sound, 'collections', NAME))) {
      for (const offset of offsetsOf(statSync(join(sound, 'collections', NAME, file)).size, seed, perFile)) {
        const noticed = await flip({ folder, sound, file, offset, bit: 1 << ((offset + seed) % 8), right });
        report.flips += 1;
        report.noticed[noticed] += 1;
      }
    }
    return report;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Flip {
  folder: string;
  sound: string;
  file: string;
  offset: number;
  bit: number;
  right: Answers;
}

async function flip({ folder, sound, file, offset, bit, right }: Flip): Promise<keyof FlipReport['noticed']> {
  const dir = join(folder, 'flipped');
  rmSync(dir, { recursive: true, force: true });
  cpSync(sound, dir, { recursive: true });
  const path = join(dir, 'collections', NAME, file);
  const bytes = readFileSync(path);
  bytes[offset] = (bytes[offset] as number) ^ bit;
  writeFileSync(path, bytes);
  const place = `bit ${bit} of byte ${offset} of ${file} (${bytes.length} bytes)`;
  // Before opening, which cuts a torn end off.
  const problems = await verify(join(dir, 'collections', NAME), file);
  const found = await answersOrError(dir, place);
  if ('noticed' in found) return found.noticed;
  assert.deepEqual(found, right, `${place}: a wrong answer`);
  assert.notEqual(problems, 0, `${place}: opened, read and searched as if it were sound, and verify found nothing`);
  return 'verifying';
}

/** Problems in the file's segment, or in the whole log: recovery reads only what is not flushed yet. None for a manifest. */
async function verify(dir: string, file: string): Promise<number> {
  const [, number] = /^segments\/(\d+)\//.exec(file) ?? [];
  if (number !== undefined) {
    return (await verifyIndex(join(dir, 'segments', number), { threads: 1 })).problems.length;
  }
  if (!file.startsWith('wal/')) return 0;
  const walDir = join(dir, 'wal');
  const firsts = readdirSync(walDir).map((name) => parseWalName(name) ?? Number.POSITIVE_INFINITY);
  const collection = (await ManifestStore.open(nodeStorage, dir)).current.uuid;
  let torn = 0;
  try {
    const location = { storage: nodeStorage, walDir, collection };
    const onTornTail = (): void => {
      torn += 1;
    };
    for await (const _ of readWal(location, { from: Math.min(...firsts), onTornTail }));
  } catch (error) {
    assert.ok(error instanceof VamanaError && DETECTED.has(error.code), String(error));
    return 1;
  }
  return torn;
}

async function answersOrError(dir: string, place: string): Promise<Answers | { noticed: 'opening' | 'reading' }> {
  const database = await open(dir, { threads: 1, cacheBytes: 0, reserveBytes: 0 });
  let noticed: 'opening' | 'reading' = 'opening';
  try {
    await database.collection(NAME);
    noticed = 'reading';
    return await answersOf(database);
  } catch (error) {
    assert.ok(error instanceof VamanaError && DETECTED.has(error.code), `${place}: ${error}`);
    assert.match(error.message, /\/|row \d/, `${place}: the message names no place: ${error.message}`);
    return { noticed };
  } finally {
    await database.close();
  }
}

async function readAnswers(dir: string): Promise<Answers> {
  const database = await open(dir, { threads: 1, cacheBytes: 0, reserveBytes: 0 });
  try {
    return await answersOf(database);
  } finally {
    await database.close();
  }
}

async function answersOf(database: Database): Promise<Answers> {
  const collection = await database.collection(NAME);
  const points: unknown[] = [];
  const hits: unknown[] = [];
  for await (const point of collection.scroll({ withVector: true })) points.push(point);
  for (const exact of [true, false]) hits.push(await collection.search([4, 4, 4, 4], { k: 8, exact }));
  return { points, hits };
}

/** Two segments, rows in the log only, a dead row in each. */
async function makeDatabase(dir: string): Promise<void> {
  const database = await open(dir, { threads: 1, walSegmentBytes: 1000, reserveBytes: 0 });
  const collection = await database.createCollection(NAME, { dim: 4, degree: 4, buildList: 8, codeBytes: 4 });
  const random = generator(5);
  const upsert = async (from: number): Promise<void> => {
    for (let id = from; id < from + 30; id += 5) {
      const points = [0, 1, 2, 3, 4].map((i) => {
        const vector = Array.from({ length: 4 }, () => Math.floor(random() * 64) / 8);
        return { id: id + i, vector, payload: { text: `point ${id + i}` } };
      });
      await collection.upsert(points);
    }
  };
  await upsert(0);
  await collection.flush();
  await upsert(30);
  await collection.flush();
  await upsert(60);
  await collection.delete([3, 33, 63]);
  await database.close();
}

/** Log, newest manifest and segments; older manifests and the metadata are not read. */
function filesOf(dir: string): string[] {
  const files = readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((file) =>
    statSync(join(dir, file)).isFile(),
  );
  const newest = Math.max(...files.map((file) => parseManifestName(file) ?? 0));
  return files.filter((file) => /^(wal|segments)\//.test(file) || parseManifestName(file) === newest).sort();
}

/** The first and the last bytes, and others here and there. */
function offsetsOf(size: number, seed: number, count: number): number[] {
  const random = generator(seed * 7919 + size);
  const offsets = new Set([0, size - 1, Math.min(size - 1, 20)]);
  while (offsets.size < Math.min(count, size)) offsets.add(Math.floor(random() * size));
  return [...offsets].slice(0, Math.max(1, count));
}
