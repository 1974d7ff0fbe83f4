// Collections whose log was damaged in the middle: refused, salvaged, and then exactly what can be known of them. The
// expectation is computed by a naive replay of the batches that survived.
import { cpSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Collection, type Database, open, verifyCollection } from '../src/index.js';
import { contentOf, DIM, type Model, smallOptions } from './collections.js';
import { generator } from './faulty-storage.js';
import { temporaryFolder } from './vector-files.js';

const folder = temporaryFolder();
const seed = Number(process.env.VAMANA_SEED ?? Date.now() % 2 ** 31);

/** What one acknowledged batch did; `putSeq` names the batch that a payload's vector came with. */
type Effect =
  | { kind: 'put'; id: bigint; vector: number[]; payload: { n: number } }
  | { kind: 'delete'; id: bigint }
  | { kind: 'payload'; id: bigint; payload: { n: number }; putSeq: number };

class History {
  readonly effects = new Map<number, Effect[]>();
  private readonly putSeqs = new Map<bigint, number>();
  private readonly random: () => number;

  constructor(seed: number) {
    this.random = generator(seed);
  }

  async write(collection: Collection): Promise<void> {
    const ids = [...new Set(Array.from({ length: 6 }, () => BigInt(this.number(60))))];
    const choice = this.random();
    const present = ids.filter((id) => this.putSeqs.has(id));
    if (choice < 0.6 || present.length === 0) {
      const points = ids.map((id) => ({ id, vector: this.vector(), payload: { n: this.number(1000) } }));
      const { seq } = await collection.upsert(points);
      this.effects.set(
        seq,
        points.map((point) => ({ kind: 'put', ...point })),
      );
      for (const id of ids) this.putSeqs.set(id, seq);
    } else if (choice < 0.8) {
      const { seq } = await collection.delete(present);
      this.effects.set(
        seq,
        present.map((id) => ({ kind: 'delete', id })),
      );
      for (const id of present) this.putSeqs.delete(id);
    } else {
      const payload = { n: this.number(1000) };
      const { seq } = await collection.overwritePayload(present, payload);
      const effect = (id: bigint): Effect => ({ kind: 'payload', id, payload, putSeq: this.putSeqs.get(id) ?? -1 });
      this.effects.set(seq, present.map(effect));
    }
  }

  /** All of the batches up to `applied`; of the later ones those that were not lost; no vector that was lost. */
  survivors(applied: number, lost: ReadonlySet<number>): Model {
    const points = new Map<bigint, { vector: number[]; payload: { n: number }; putSeq: number }>();
    for (const [seq, effects] of [...this.effects].sort(([a], [b]) => a - b)) {
      if (seq > applied && lost.has(seq)) continue;
      for (const effect of effects) {
        const { id } = effect;
        const point = points.get(id);
        if (effect.kind === 'put') points.set(id, { vector: effect.vector, payload: effect.payload, putSeq: seq });
        else if (effect.kind === 'delete') points.delete(id);
        else if (point?.putSeq === effect.putSeq) point.payload = effect.payload;
      }
    }
    const kept = [...points].filter(([, { putSeq }]) => !lost.has(putSeq));
    return new Map(kept.map(([id, { vector, payload }]) => [id, { vector, payload }]));
  }

  private number(bound: number): number {
    return Math.floor(this.random() * bound);
  }

  private vector(): number[] {
    return Array.from({ length: DIM }, () => this.number(64));
  }
}

/** Flips a byte of the body of each of these records. */
function damage(walDir: string, records: ReadonlySet<number>): void {
  for (const name of readdirSync(walDir)) {
    const path = join(walDir, name);
    const bytes = readFileSync(path);
    for (let at = 64; at + 36 <= bytes.length; at += 36 + bytes.readUInt32LE(at + 4)) {
      if (bytes[at + 3] !== 'R'.charCodeAt(0) || !records.has(Number(bytes.readBigUInt64LE(at + 8)))) continue;
      bytes[at + 40] = (bytes[at + 40] ?? 0) ^ 1;
    }
    writeFileSync(path, bytes);
  }
}

interface Damaged {
  database: Database;
  dir: string;
  history: History;
}

/**
 * `flushAfter` batches are in a segment, `applied` in the metadata, and `batches` in the log; small files, so that the
 * log has several.
 */
async function prepare(run: string, batches: number, flushAfter: number, applied: number): Promise<Damaged> {
  const path = folder.file(run);
  const options = { reserveBytes: 0, threads: 1, buildThreads: 1, walSegmentBytes: 2000 };
  let database = await open(path, options);
  let collection = await database.createCollection('a', smallOptions);
  const dir = join(path, 'collections', 'a');
  const history = new History(seed + batches);
  for (let batch = 1; batch <= batches; batch += 1) {
    await history.write(collection);
    if (batch === flushAfter) await collection.flush();
    if (batch !== applied) continue;
    await database.close();
    cpSync(join(dir, 'meta'), folder.file(`${run}-meta`), { recursive: true });
    database = await open(path, options);
    collection = await database.collection('a');
  }
  await database.close();
  rmSync(join(dir, 'meta'), { recursive: true });
  cpSync(folder.file(`${run}-meta`), join(dir, 'meta'), { recursive: true });
  return { database: await open(path, options), dir, history };
}

async function salvageAndCompare(prepared: Damaged, applied: number, lost: ReadonlySet<number>): Promise<void> {
  const { database, dir, history } = prepared;
  try {
    damage(join(dir, 'wal'), lost);
    await expect(database.collection('a')).rejects.toMatchObject({ code: 'CORRUPT' });
    const report = await database.salvageCollection('a');
    const gaps = new Set<number>();
    for (const { firstSeq, lastSeq } of report.log?.gaps ?? []) {
      for (let seq = firstSeq; seq <= lastSeq; seq += 1) gaps.add(seq);
    }
    expect([...gaps]).toEqual([...lost].sort((a, b) => a - b));
    const lostFiles = new Set(report.log?.lost.map(({ path }) => path));
    expect(lostFiles.size).toBeGreaterThan(0);
    const collection = await database.collection('a');
    expect(await contentOf(collection)).toEqual(history.survivors(applied, lost));
    for (const id of report.lostPoints) expect(await collection.retrieve([id])).toEqual([]);
    expect((await collection.verify()).problems).toEqual([]);
    expect(readdirSync(report.keptIn ?? '').length).toBeGreaterThan(0);
    // The collection takes writes, and opens again.
    await collection.upsert([{ id: 1000, vector: [1, 2, 3, 4, 5, 6, 7, 8], payload: null }]);
    await collection.flush();
    const after = await contentOf(collection);
    await database.close();
    expect((await verifyCollection(dir)).problems).toEqual([]);
    const again = await open(database.dir, { reserveBytes: 0 });
    expect(await contentOf(await again.collection('a'))).toEqual(after);
    await again.close();
  } finally {
    await database.close();
  }
}

describe(`a log damaged in the middle (seed ${seed})`, () => {
  it('costs the vectors of its lost records, when they were applied', async () => {
    const prepared = await prepare('applied', 40, 8, 40);
    await salvageAndCompare(prepared, 40, new Set([12, 13, 25]));
  });

  it('costs whole batches where they were not applied, and what builds on them stays consistent', async () => {
    const prepared = await prepare('behind', 60, 8, 20);
    await salvageAndCompare(prepared, 20, new Set([15, 22, 23, 30, 41, 50]));
  });

  it('may begin with the first record that is needed, and end with the last', async () => {
    const prepared = await prepare('ends', 30, 10, 30);
    await salvageAndCompare(prepared, 30, new Set([11, 12]));
  });

  it('that is sound is left alone', async () => {
    const { database, dir } = await prepare('sound', 10, 4, 10);
    const before = readdirSync(join(dir, 'wal'));
    expect(await database.salvageCollection('a')).toMatchObject({ problem: null, keptIn: null });
    expect(readdirSync(join(dir, 'wal'))).toEqual(before);
    await expect(database.salvageCollection('b')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await database.close();
  });

  it('is replaced though the process ended between the two renames', async () => {
    const { database, dir, history } = await prepare('renames', 30, 10, 30);
    damage(join(dir, 'wal'), new Set([20]));
    await database.salvageCollection('a');
    renameSync(join(dir, 'wal'), join(dir, 'wal.tmp'));
    expect(await contentOf(await database.collection('a'))).toEqual(history.survivors(30, new Set([20])));
    await database.close();
  });
});
