// Collections under the sync policies that acknowledge before the log is durable, when the power fails: LMDB kept all,
// the log lost its end. What is found is the collection after one of its batches, at or after the last durable one.
import { setTimeout } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { RuntimeOptions } from '../src/config/runtime-options.js';
import { VamanaError } from '../src/errors.js';
import { FaultyMachine } from './faulty-machine.js';
import { temporaryFolder } from './vector-files.js';

const folder = temporaryFolder();
const LAZY = { sync: 'none' } as const;
let machines = 0;

/** Names the case in whatever goes wrong. */
async function named(name: string, seed: number, work: (machine: FaultyMachine) => Promise<void>): Promise<void> {
  const machine = await FaultyMachine.create(folder.file(`machine-${machines++}`), seed);
  try {
    await work(machine);
  } catch (error) {
    throw new Error(`${name}: ${error instanceof Error ? (error.stack ?? error.message) : error}`, { cause: error });
  } finally {
    await machine.close().catch(() => undefined);
  }
}

/** Runs with 0 calls, 1, 2 and so on until one says that the power lasted; some at a time, since they wait for disks. */
async function atEveryCall(run: (calls: number) => Promise<boolean>): Promise<void> {
  const AT_ONCE = 6;
  for (let first = 0; ; first += AT_ONCE) {
    const lasted = await Promise.all(Array.from({ length: AT_ONCE }, (_, i) => run(first + i)));
    if (lasted.includes(true)) return;
  }
}

describe('a collection whose log lost its end with the power', () => {
  it('is as one of its batches left it, round after round, whatever the sync policy', async () => {
    let lost = 0;
    for (let seed = 1; seed <= 5; seed += 1) {
      await named(`seed ${seed}`, seed, async (machine) => {
        const { random } = machine;
        const runtime = (): RuntimeOptions => ({
          sync: random.pick(['none', 'none', { intervalMs: 3 }, 'always'] as const),
          deltaRows: random.pick([40, 400]),
          walSegmentBytes: random.pick([3000, 100_000]),
        });
        await machine.open(runtime());
        for (let round = 0; round < 4; round += 1) {
          await machine.write(5 + random.int(40));
          if (random.chance(0.3)) await machine.collection.flush();
          const flush = random.chance(0.3) ? machine.collection.flush().catch(() => undefined) : undefined;
          if (random.chance(0.3)) await setTimeout(random.int(6));
          const durable = await machine.cutPower(100 * seed + round);
          await flush;
          await machine.check(runtime(), durable);
        }
        await machine.write(3);
        await machine.collection.close();
        await machine.check(runtime(), machine.model.seq);
        lost += machine.lost;
      });
    }
    // Else nothing was tried.
    expect(lost).toBeGreaterThan(20);
  }, 120_000);

  it('has every row that lives again, though a flush was built when it was dead', async () => {
    const run = async (machine: FaultyMachine, calls: number): Promise<boolean> => {
      const { storage } = machine;
      await machine.open(LAZY);
      await machine.write(12);
      // The flush has frozen the delta but cannot publish it; it is tried again after rows of it were replaced.
      storage.failAt({ nth: 1, kind: 'create', errno: 'ENOSPC' });
      await expect(machine.collection.flush()).rejects.toMatchObject({ code: 'DISK_FULL' });
      await machine.write(12);
      storage.cutPowerAfter(calls);
      await machine.collection.flush().catch(() => undefined);
      const done = !storage.isOff;
      await machine.check(LAZY, await machine.cutPower(calls));
      return done;
    };
    await atEveryCall(async (calls) => {
      let done = false;
      await named(`power off after ${calls} calls`, 7, async (machine) => {
        done = await run(machine, calls);
      });
      return done;
    });
  }, 120_000);

  it('recovers when the power fails again at any moment of the recovery', async () => {
    await atEveryCall(async (calls) => {
      let done = false;
      await named(`power off again after ${calls} calls`, 5, async (machine) => {
        await machine.open({ ...LAZY, walSegmentBytes: 3000 });
        await machine.write(12);
        const durable = await machine.cutPower(3);
        machine.storage.cutPowerAfter(calls);
        try {
          const collection = await machine.open(LAZY);
          done = !machine.storage.isOff;
          await collection.close().catch(() => undefined);
        } catch (error) {
          expect(error).toBeInstanceOf(VamanaError);
        }
        machine.storage = machine.storage.powerCut(calls);
        await machine.check(LAZY, durable);
        await machine.write(5);
        await machine.collection.close();
        await machine.check({ sync: 'always' }, machine.model.seq);
        expect(machine.lost).toBeGreaterThan(0);
      });
      return done;
    });
  }, 120_000);

  it('is refused when records are gone that were durable, as under the policy always all are', async () => {
    await named('always', 4, async (machine) => {
      await machine.open({ sync: 'always' });
      await machine.write(20);
      await machine.cutPower(1);
      const { storage, paths, model } = machine;
      const [path, bytes] = [...storage.bytes].find(([name]) => name.startsWith(paths.walDir)) as [string, Buffer];
      // Up to the middle of the first record.
      storage.put(path, bytes.subarray(0, 100));
      await expect(machine.open({ sync: 'always' })).rejects.toMatchObject({
        code: 'CORRUPT',
        message: expect.stringContaining(
          `the metadata is at record ${model.seq}, but the log ends with record 0, and record ${model.seq} cannot be`,
        ),
      });
      storage.put(path, bytes);
      await machine.check({ sync: 'always' }, model.seq);
    });
  });
});
