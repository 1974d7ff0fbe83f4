import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildSmallIndex, type SmallIndex } from '../../test/small-index.js';
import { VamanaError } from '../errors.js';
import { inspectIndex, verifyIndex } from './check-index.js';
import { openIndex } from './open-index.js';

let small: SmallIndex;
beforeAll(async () => {
  small = await buildSmallIndex();
});
afterAll(() => small.remove());

async function flipByte(name: string, at: number): Promise<void> {
  const file = await open(join(small.dir, name), 'r+');
  const byte = Buffer.alloc(1);
  await file.read(byte, 0, 1, at);
  await file.write(Buffer.of((byte[0] as number) ^ 1), 0, 1, at);
  await file.close();
}

describe('verifyIndex', () => {
  it.each(['vectors.seg', 'graph.seg', 'codes.seg'])(
    'finds one wrong bit in %s, and passes when it is mended',
    async (name) => {
      await flipByte(name, 4096 + 70);
      const { problems } = await verifyIndex(small.dir, { threads: 1 });
      expect(problems[0]).toMatchObject({ code: 'CORRUPT', message: expect.stringContaining(name) });
      await flipByte(name, 4096 + 70);
      expect((await verifyIndex(small.dir)).problems).toEqual([]);
    },
  );

  it('is stopped by its signal, and by a listener that throws', async () => {
    await expect(verifyIndex(small.dir, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORTED' });
    const thrown = new Error('enough seen');
    const onProgress = () => {
      throw thrown;
    };
    await expect(verifyIndex(small.dir, { onProgress })).rejects.toBe(thrown);
  });

  it('rejects when there is nothing to check', async () => {
    await expect(verifyIndex(join(small.folder, 'absent'))).rejects.toMatchObject({
      name: 'VamanaError',
      code: 'NOT_FOUND',
    });
  });
});

describe('inspectIndex', () => {
  it('tells what openIndex tells', async () => {
    await using index = await openIndex(small.dir, { threads: 1 });
    expect(await inspectIndex(small.dir)).toEqual(index.info);
  });

  it('rejects for what is no index', async () => {
    const empty = await mkdtemp(join(tmpdir(), 'vamana-test-'));
    await expect(inspectIndex(empty)).rejects.toBeInstanceOf(VamanaError);
    await rm(empty, { recursive: true });
  });
});
