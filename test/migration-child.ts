// The process that the crash test of migrations kills: `node migration-child.js DIR SEED ROUND` adds a space to the
// collection, writes points with both vectors, fills the space, chooses it, drops the old one, and so on without end, each
// space in the place of the one before. Tells what it does, a line each, before it does it.
import { writeSync } from 'node:fs';
import { open } from '../src/index.js';
import { MOVED_POINTS, movedVector } from './migration-points.js';
import { Random } from './random-writes.js';

const [dir = '', seedText, roundText] = process.argv.slice(2);
const random = new Random(Number(seedText) * 31 + Number(roundText) + 1);

function tell(line: string): void {
  writeSync(1, `${line}\n`);
}

try {
  const options = { deltaRows: 20 + random.int(100), walSegmentBytes: 2000 + random.int(6000), threads: 1 };
  const database = await open(dir, { ...options, cacheBytes: 65_536, reserveBytes: 0, maintenance: { auto: false } });
  const collection = await database.collection('moved');
  tell('open');
  for (;;) {
    const spaces = collection.spaces.status();
    const [current] = spaces;
    const from = current?.name ?? '';
    const next = `v${Number(from.slice(1) || 0) + 1}`;
    if (!spaces.some(({ name }) => name === next)) {
      tell(`add ${next}`);
      await collection.spaces.add(next, { dim: 3, degree: 6, buildList: 12, codeBytes: 3 });
    }
    for (const { name } of collection.spaces.status()) {
      if (name === from || name === next) continue;
      tell(`drop ${name}`);
      await collection.spaces.drop(name);
    }
    const id = random.int(MOVED_POINTS);
    tell(`write ${id}`);
    await collection.upsert([{ id, vectors: { [from]: movedVector(from, id), [next]: movedVector(next, id) } }]);
    tell(`fill ${next}`);
    await collection.spaces.backfill(
      next,
      function* (position) {
        for (let at = position; at < MOVED_POINTS; at += 1) yield { id: at, vector: movedVector(next, at) };
      },
      { batchPoints: 10 },
    );
    tell(`choose ${next}`);
    await collection.spaces.setDefault(next);
    if (random.chance(0.5)) await collection.flush();
    tell(`drop ${from}`);
    await collection.spaces.drop(from);
  }
} catch (error) {
  tell(`failed ${JSON.stringify(error instanceof Error ? error.stack : String(error))}`);
  process.exitCode = 1;
}
