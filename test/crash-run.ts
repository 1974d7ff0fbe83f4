// Kills a writing process again and again, wherever it happens to be, and checks what it leaves: all that was
// acknowledged, of what was not each batch whole or not at all. Called by collection-crash.test.ts and long/crash.ts.
import assert from 'node:assert/strict';
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Collection, type Database, open, type Point, type PointId } from '../src/index.js';
import { checkFiles, checkSearches, readAllPoints } from './check-collection.js';
import { advance, CRASH_COLLECTION, crashSpace, markOf, WRITERS, writerOf } from './crash-writes.js';
import { type ModelPoint, norm, PointModel, type Space } from './point-model.js';
import { Random } from './random-writes.js';

export interface CrashReport {
  kills: number;
  /** What the process did last when it was killed. */
  during: Record<string, number>;
  acknowledged: number;
  /** Batches that were there though nobody had heard of it. */
  unheard: number;
  checks: number;
  /** That were whole, and were restored. */
  snapshots: number;
}

const MOMENTS = { start: 3, open: 2, writing: 10, closing: 2 };
const WAIT_MS = 30_000;
const RESTORED = 'restored';

/** Throws with the seed and the round. The folder is kept then. */
export async function runCrashes(seed: number, kills: number): Promise<CrashReport> {
  const dir = await mkdtemp(join(tmpdir(), 'vamana-crash-'));
  const run = new CrashRun(dir, seed);
  try {
    for (let round = 0; round < kills; round += 1) await run.round(round, round === kills - 1);
  } catch (error) {
    const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
    throw new Error(`seed ${seed}, kill ${run.report.kills} of ${kills}, files in ${dir}: ${detail}`, { cause: error });
  }
  await rm(dir, { recursive: true, force: true });
  return run.report;
}

class CrashRun {
  readonly report: CrashReport = { kills: 0, during: {}, acknowledged: 0, unheard: 0, checks: 0, snapshots: 0 };
  private readonly random: Random;
  private readonly space: Space;
  /** Batches of each writer that are known to be there, and the points they come to. */
  private readonly known: { n: number; model: PointModel }[];
  private readonly acknowledged: number[];

  constructor(
    private readonly dir: string,
    private readonly seed: number,
  ) {
    this.random = new Random(seed);
    this.space = crashSpace(seed);
    this.known = Array.from({ length: WRITERS }, () => ({ n: 0, model: new PointModel(this.space) }));
    this.acknowledged = this.known.map(() => 0);
  }

  async round(round: number, last: boolean): Promise<void> {
    const child = new Child(this.dir, this.seed, round, this.acknowledged);
    const moment = this.random.weighted(MOMENTS);
    try {
      await child.until(moment === 'writing' || moment === 'closing' ? 'open' : moment);
      if (moment === 'closing') await Promise.race([child.until('closing'), sleep(1500)]);
      await sleep(this.random.chance(0.3) ? this.random.int(8) : this.random.int(moment === 'writing' ? 600 : 60));
    } finally {
      await child.kill();
    }
    this.report.kills += 1;
    const during = child.last.startsWith('ack') ? 'writing' : child.last;
    this.report.during[during] = (this.report.during[during] ?? 0) + 1;
    assert.equal(child.failure, null, 'the process failed before it was killed');
    for (const [writer, n] of child.acknowledged.entries()) {
      this.report.acknowledged += Math.max(0, n - (this.acknowledged[writer] as number));
      this.acknowledged[writer] = Math.max(n, this.acknowledged[writer] as number);
    }
    // Unchecked, the next process recovers from whatever this one left, and may be killed in the midst of it.
    await this.check(last || this.random.chance(0.5));
  }

  private async check(wholly: boolean): Promise<void> {
    const database = await open(this.dir, { threads: 1, reserveBytes: 0 });
    try {
      const names = await database.listCollections();
      if (!names.includes(CRASH_COLLECTION)) {
        assert.deepEqual(
          this.acknowledged,
          this.known.map(() => 0),
          'the collection is gone',
        );
        return;
      }
      const collection = await database.collection(CRASH_COLLECTION);
      await this.settle(collection);
      if (!wholly) return;
      this.report.checks += 1;
      const points = await readAllPoints(collection);
      compare(this.space, points, new Map(this.known.flatMap(({ model }) => [...model.points])));
      await checkSearches(collection, points);
      assert.deepEqual((await collection.verify()).problems, [], 'verify');
      await this.checkSnapshots(database);
    } finally {
      await database.close();
    }
    if (wholly) await checkFiles(this.dir, CRASH_COLLECTION);
  }

  /** How far each writer came, by its mark: what it was told, or one batch more. */
  private async settle(collection: Collection): Promise<void> {
    const marks = await collection.retrieve(this.known.map((_, writer) => markOf(writer)));
    const found = new Map(marks.map(({ id, payload }) => [writerOf(id), Number(payload?.n)]));
    for (const [writer, known] of this.known.entries()) {
      const told = this.acknowledged[writer] as number;
      const there = found.get(writer) ?? 0;
      assert.ok(
        there === told || there === told + 1,
        `writer ${writer}: batch ${told} was acknowledged, found ${there}`,
      );
      if (there > told) this.report.unheard += 1;
      advance(known.model, this.seed, writer, known.n, there);
      known.n = there;
      this.acknowledged[writer] = there;
    }
  }

  /** Those that have their name are whole, and of one moment: the newest of them is restored. */
  private async checkSnapshots(database: Database): Promise<void> {
    const folder = join(this.dir, 'snapshots');
    const names = (await readdir(folder)).filter((name) => !name.includes('.tmp'));
    const last = names.at(-1);
    if (last !== undefined) {
      const restored = await database.restoreCollection(RESTORED, join(folder, last));
      const points = await readAllPoints(restored);
      const marks = points.filter(({ id }) => Number(id) % 1000 === 0);
      const expected = new PointModel(this.space);
      for (const { id, payload } of marks) advance(expected, this.seed, writerOf(id), 0, Number(payload?.n));
      compare(this.space, points, expected.points);
      await database.dropCollection(RESTORED);
      this.report.snapshots += 1;
    }
    await rm(folder, { recursive: true });
  }
}

function compare(space: Space, points: readonly Point[], expected: ReadonlyMap<PointId, ModelPoint>): void {
  assert.deepEqual(new Set(points.map(({ id }) => id)), new Set(expected.keys()), 'ids');
  for (const { id, payload, vector } of points) {
    const point = expected.get(id);
    assert.deepEqual(payload, point?.payload, `payload of point ${id}`);
    const scale = space.metric === 'cosine' && space.element === 'f32' ? norm(point?.vector ?? []) : 1;
    for (const [i, value] of (point?.vector ?? []).entries()) {
      const off = Math.abs(value / scale - (vector?.[i] ?? Number.NaN));
      assert.ok(off <= 1e-5, `vector of point ${id}, position ${i}: ${vector?.[i]}, expected ${value / scale}`);
    }
  }
}

class Child {
  last = 'spawned';
  failure: string | null = null;
  readonly acknowledged: number[];
  private readonly process: ChildProcessByStdio<null, Readable, null>;
  private readonly ended: Promise<void>;
  private rest = '';
  private waiting: { line: string; resolve: () => void }[] = [];
  private readonly seen = new Set<string>();

  constructor(dir: string, seed: number, round: number, counts: readonly number[]) {
    this.acknowledged = [...counts];
    const args = [childScript(), dir, seed, round, ...counts].map(String);
    this.process = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.process.stdout.setEncoding('utf8').on('data', (text: string) => this.read(text));
    this.ended = new Promise((resolve) => this.process.once('close', () => resolve()));
    void this.ended.then(() => this.wake(() => true));
  }

  /** Resolves when the process says so, or ended. */
  async until(line: string): Promise<void> {
    if (this.seen.has(line)) return;
    const told = new Promise<void>((resolve) => this.waiting.push({ line, resolve }));
    const late = sleep(WAIT_MS, 'late', { ref: false });
    if ((await Promise.race([told, late])) === 'late') throw new Error(`no "${line}" in ${WAIT_MS} ms; ${this.last}`);
  }

  async kill(): Promise<void> {
    this.process.kill('SIGKILL');
    await this.ended;
  }

  private read(text: string): void {
    const lines = (this.rest + text).split('\n');
    this.rest = lines.pop() ?? '';
    for (const line of lines) {
      this.last = line;
      this.seen.add(line);
      const [, writer, n] = /^ack (\d+) (\d+)$/.exec(line) ?? [];
      if (writer !== undefined) this.acknowledged[Number(writer)] = Number(n);
      if (line.startsWith('failed')) this.failure = line;
      this.wake((waiting) => waiting === line);
    }
  }

  private wake(wanted: (line: string) => boolean): void {
    const woken = this.waiting.filter(({ line }) => wanted(line));
    this.waiting = this.waiting.filter(({ line }) => !wanted(line));
    for (const { resolve } of woken) resolve();
  }
}

/** Compiled: a process of its own cannot run TypeScript. */
function childScript(): string {
  let root = import.meta.dirname;
  while (!existsSync(join(root, 'package.json'))) root = dirname(root);
  const script = join(root, 'dist/test/crash-child.js');
  if (!existsSync(script)) throw new Error(`${script} is missing: run npm run build`);
  return script;
}
