// Flushes that fail, or that a closing collection does not wait for: who asked for one is always answered.
import { expect, it } from 'vitest';
import { FaultyMachine } from './faulty-machine.js';
import { temporaryFolder } from './vector-files.js';

const folder = temporaryFolder();

it('fails each flush that is asked for while the manifest cannot be published', async () => {
  const machine = await FaultyMachine.create(folder.file('failing'), 1);
  const collection = await machine.open({});
  await machine.write(5);
  machine.storage.failAt({ nth: 1, kind: 'rename', errno: 'ENOSPC' });
  for (let i = 0; i < 3; i += 1) await expect(collection.flush()).rejects.toMatchObject({ code: 'DISK_FULL' });
  await machine.close();
});

it('freezes no more deltas while flushes fail, and flushes all rows once they do not', async () => {
  const machine = await FaultyMachine.create(folder.file('repeated'), 1);
  const collection = await machine.open({});
  for (let i = 0; i < 3; i += 1) {
    await machine.write(5);
    // Before the manifest is renamed, so that it may be tried again.
    machine.storage.failAt({ nth: 1, kind: 'datasync', errno: 'ENOSPC' });
    await expect(collection.flush()).rejects.toMatchObject({ code: 'DISK_FULL' });
    expect(collection.status().flushing).toBe(1);
  }
  await collection.flush();
  expect(collection.status()).toMatchObject({ flushing: 0, freshRows: 0, flushError: null });
  await machine.check({}, machine.model.seq);
  await machine.close();
});

it('answers a flush that was asked for right before the collection is closed', async () => {
  const machine = await FaultyMachine.create(folder.file('closing'), 1);
  const collection = await machine.open({});
  await machine.write(5);
  const flush = collection.flush();
  await Promise.all([expect(flush).rejects.toMatchObject({ code: 'CLOSED' }), collection.close()]);
  await machine.check({}, machine.model.seq);
  await machine.close();
});
