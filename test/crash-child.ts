// The process that the crash tests kill: `node crash-child.js DIR SEED ROUND N...` opens the database and writes on from
// batch N of each writer, flushes, takes snapshots, merges, rebuilds, rolls back, makes and drops indexes of fields,
// searches, closes and opens again, until it is killed. Tells what it does on stdout,
// a line each, written before the next thing begins: start, open, closing, `ack WRITER N`; anything else is a failure.
import { mkdirSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type Collection, type Database, open, type VamanaError } from '../src/index.js';
import { CRASH_COLLECTION, crashBatch, crashSpace, WRITERS } from './crash-writes.js';
import type { Space } from './point-model.js';
import { Random, RandomWrites } from './random-writes.js';

const [dir = '', seedText, roundText, ...counts] = process.argv.slice(2);
const seed = Number(seedText);
const random = new Random(seed * 31 + Number(roundText) + 1);
const space = crashSpace(seed);
const next = Array.from({ length: WRITERS }, (_, writer) => Number(counts[writer] ?? 0) + 1);

function tell(line: string): void {
  writeSync(1, `${line}\n`);
}

interface Session {
  collection: Collection;
  ending: boolean;
}

async function openSession(): Promise<{ database: Database; session: Session }> {
  tell('start');
  const database = await open(dir, {
    deltaRows: 10 + random.int(60),
    walSegmentBytes: 1000 + random.int(6000),
    threads: 1,
    cacheBytes: 65_536,
    reserveBytes: 0,
    maintenance: { graceMs: random.pick([0, 30, 3_600_000]) },
  });
  const names = await database.listCollections();
  const collection = names.includes(CRASH_COLLECTION)
    ? await database.collection(CRASH_COLLECTION)
    : await database.createCollection(CRASH_COLLECTION, { ...space, degree: 8, buildList: 16, codeBytes: 8 });
  tell('open');
  return { database, session: { collection, ending: false } };
}

async function write(session: Session, writer: number): Promise<void> {
  while (!session.ending) {
    const n = next[writer] as number;
    await session.collection.write(crashBatch(seed, space, writer, n));
    tell(`ack ${writer} ${n}`);
    next[writer] = n + 1;
    if (random.chance(0.03)) await session.collection.flush();
    if (random.chance(0.08)) await session.collection.snapshot(join(dir, 'snapshots', `${roundText}-${writer}-${n}`));
    if (random.chance(0.01)) await indexField(session.collection);
    if (random.chance(0.03)) await job(session.collection);
    if (random.chance(0.004)) session.ending = true;
  }
}

async function indexField(collection: Collection): Promise<void> {
  const [key, type] = random.pick([['n', 'integer'] as const, ['group', 'keyword'] as const]);
  if (random.chance(0.3)) await collection.dropFieldIndex(key);
  else await collection.createFieldIndex(key, type); // built beside the writes
}

/** Merges, rebuilds, rolls back; another writer may be at it. */
async function job(collection: Collection): Promise<void> {
  const jobs = [
    () => collection.compact({ force: true }),
    () => collection.rebuild({ force: true }),
    () => collection.rollback(),
  ];
  try {
    await random.pick(jobs)();
  } catch (error) {
    const { code } = error as VamanaError;
    if (code !== 'BUSY' && code !== 'NOT_FOUND') throw error;
  }
}

async function search(session: Session, space: Space): Promise<void> {
  const writes = new RandomWrites(random, space, [0n]);
  while (!session.ending) {
    const query = Float32Array.from(writes.vector());
    await session.collection.search(query, { k: 5, withPayload: true, withVector: true });
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

try {
  mkdirSync(join(dir, 'snapshots'), { recursive: true });
  for (;;) {
    const { database, session } = await openSession();
    const writers = next.map((_, writer) => write(session, writer));
    await Promise.all([...writers, search(session, space)]);
    tell('closing');
    await database.close();
  }
} catch (error) {
  tell(`failed ${JSON.stringify(error instanceof Error ? error.stack : String(error))}`);
  process.exitCode = 1;
}
