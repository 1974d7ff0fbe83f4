// Flushes that fail, or that a closing collection does not wait for: who asked for one is always answered.
import { expect, it } from 'vitest';
import { readAllPoints } from './check-collection.js';
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

it('lets the log go, and writes no segment, where only payloads were changed', async () => {
  const machine = await FaultyMachine.create(folder.file('payloads'), 1);
  const collection = await machine.open({});
  await machine.write(5);
  await collection.flush();
  const { segments } = collection.status();
  expect(collection.status().wal).toMatchObject({ segments: 0, bytes: 0 });
  const ids = (await readAllPoints(collection)).map(({ id }) => id);
  await collection.setPayload(ids, { changed: true });
  expect(collection.status().wal.segments).toBe(1);
  await collection.flush();
  expect(collection.status()).toMatchObject({ segments, flushing: 0, wal: { segments: 0, bytes: 0 } });
  await machine.cutPower(1);
  const reopened = await machine.open({});
  expect((await readAllPoints(reopened)).map(({ payload }) => payload?.changed)).toEqual(ids.map(() => true));
  await machine.close();
});

it('keeps the log short while payloads are changed over and over', async () => {
  const logBytes = 100_000;
  const machine = await FaultyMachine.create(folder.file('log'), 1);
  const collection = await machine.open({ logBytes, walSegmentBytes: 10_000 });
  await machine.write(5);
  const ids = (await readAllPoints(collection)).map(({ id }) => id);
  for (let at = 0; at < 400; at += 1) {
    await collection.setPayload(ids, { text: 'x'.repeat(1000), at });
    // What is being let go of, what came since, and a segment and a record of the log beside each.
    expect(collection.status().wal.bytes).toBeLessThan(2 * (logBytes + 10_000 + 1200 * ids.length));
  }
  expect(collection.status().segments).toHaveLength(1);
  await machine.cutPower(1);
  const reopened = await machine.open({});
  expect((await readAllPoints(reopened)).map(({ payload }) => payload?.at)).toEqual(ids.map(() => 399));
  await machine.close();
});

it('refuses to flush after a write that failed midway, until the collection is opened again', async () => {
  const machine = await FaultyMachine.create(folder.file('midway'), 1);
  const collection = await machine.open({});
  await machine.write(5);
  machine.storage.failAt({ nth: 1, kind: 'datasync', errno: 'EIO' });
  const write = collection.upsert([{ id: 1, vector: [1, 2, 3] }]);
  await expect(write).rejects.toMatchObject({ code: 'IO' });
  await expect(collection.flush()).rejects.toMatchObject({ code: 'IO' });
  expect(collection.status()).toMatchObject({ segments: [], flushing: 0 });
  await collection.close();
  const reopened = await machine.open({});
  await reopened.flush();
  expect(reopened.status().segments).toHaveLength(1);
  expect(reopened.status()).toMatchObject({ freshRows: 0, flushing: 0, wal: { segments: 0 } });
  await machine.close();
});
