// The process that the crash test of named vectors kills: `node named-child.js DIR SEED ROUND N` opens the database and
// writes on from batch N, flushes, merges and opens again, until it is killed. Tells `ack N` after each batch.
import { writeSync } from 'node:fs';
import { open } from '../src/index.js';
import { NAMED, namedBatch } from './named-points.js';
import { Random } from './random-writes.js';

const [dir = '', seedText, roundText, reached] = process.argv.slice(2);
const seed = Number(seedText);
const random = new Random(seed * 31 + Number(roundText) + 1);

function tell(line: string): void {
  writeSync(1, `${line}\n`);
}

let n = Number(reached);
try {
  for (;;) {
    const options = { deltaRows: 10 + random.int(60), walSegmentBytes: 2000 + random.int(6000), threads: 1 };
    const database = await open(dir, { ...options, cacheBytes: 65_536, reserveBytes: 0 });
    const names = await database.listCollections();
    const collection = names.includes('named')
      ? await database.collection('named')
      : await database.createCollection('named', NAMED);
    tell('open');
    for (let ending = false; !ending; ending = random.chance(0.01)) {
      n += 1;
      await collection.write(namedBatch(seed, n));
      tell(`ack ${n}`);
      if (random.chance(0.05)) await collection.flush();
      if (random.chance(0.03)) await collection.compact({ force: true });
    }
    await database.close();
  }
} catch (error) {
  tell(`failed ${JSON.stringify(error instanceof Error ? error.stack : String(error))}`);
  process.exitCode = 1;
}
