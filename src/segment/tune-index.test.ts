// What tuning finds on the bundled sample, and that searches without a list size follow it.
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { buildSmallIndex, type SmallIndex } from '../../test/small-index.js';
import { NO_ROW } from '../limits.js';
import { openVectorSource, readRows } from '../source/vector-source.js';
import { openIndex, type VectorIndex } from './open-index.js';
import { type TunableIndex, type TuneTrial, tuneIndex } from './tune-index.js';
import { tuningPath, writeTuning } from './tuning-file.js';

let small: SmallIndex;
let queries = new Uint8Array();

beforeAll(async () => {
  small = await buildSmallIndex();
  const source = await openVectorSource(
    fileURLToPath(new URL('../../test/sample/sift-4k.query.u8bin', import.meta.url)),
  );
  queries = (await readRows(source)) as Uint8Array<ArrayBuffer>;
  source.close();
});
afterAll(() => small.remove());

describe('tuneIndex', () => {
  let index: VectorIndex;
  beforeEach(async () => {
    index = await openIndex(small.dir, { threads: 1, cacheBytes: 0 });
    return () => index.close();
  });

  it('takes the least list size that reaches the target, with an error to spare', async () => {
    const heard: TuneTrial[] = [];
    const { tuning, trials } = await tuneIndex(index, {
      queries,
      targetRecall: 0.9,
      onTrial: (trial) => heard.push(trial),
    });
    expect(heard).toEqual(trials);
    const adaptive = trials.filter(({ rerank }) => rerank === 'auto');
    const enough = adaptive.filter(({ recall, standardError }) => recall - standardError >= 0.9);
    const least = Math.min(...enough.map(({ listSize }) => listSize));
    expect(adaptive.some(({ listSize }) => listSize === least - 1) || least === 10).toBe(true);
    expect(tuning.listSize).toBeGreaterThanOrEqual(least);
    expect(tuning.listSize).toBeLessThanOrEqual(Math.ceil(least * 1.25));
    expect(tuning).toMatchObject({ uuid: index.info.uuid, k: 10, targetRecall: 0.9, heldOut: { queries: 50 } });
    expect(tuning.heldOut.recall).toBeGreaterThan(0.9 - 4 * tuning.heldOut.standardError);
    expect(tuning.heldOut.reads).toBeGreaterThan(0);
  });

  it('takes a fixed depth only where it reads less than the adaptive one', async () => {
    for (const targetRecall of [0.8, 0.9, 0.97]) {
      const { tuning, trials } = await tuneIndex(index, { queries, targetRecall });
      const chosen = trials.find(({ listSize, rerank }) => listSize === tuning.listSize && rerank === tuning.rerank);
      const adaptive = trials.filter(
        ({ rerank, recall, standardError }) => rerank === 'auto' && recall - standardError >= targetRecall,
      );
      expect(chosen?.reads).toBeLessThanOrEqual(Math.min(...adaptive.map(({ reads }) => reads)));
    }
  });

  it('gives the same with the truth as without it', async () => {
    const k = 5;
    const exact = await index.search(queries, { k, exact: true });
    const given = await tuneIndex(index, { queries, targetRecall: 0.9, k, truth: exact.rows, truthWidth: k });
    const found = await tuneIndex(index, { queries, targetRecall: 0.9, k });
    expect(given.trials).toEqual(found.trials);
  });

  it('says how far a target out of reach is', async () => {
    // An index that never finds anything but what it is asked to find exactly.
    const blind: TunableIndex = {
      info: index.info,
      distancesToRows: (data, rows) => index.distancesToRows(data, rows),
      search: async (data, options = {}) => {
        const found = await index.search(data, options);
        return options.exact === true ? found : { ...found, rows: found.rows.fill(NO_ROW) };
      },
    };
    await expect(tuneIndex(blind, { queries, targetRecall: 0.5 })).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringMatching(/out of reach: found recall 0\.0000 .* list size of 1000/),
    });
  });

  it('refuses too few queries, a truth of another size and a recall that is none', async () => {
    for (const options of [
      { queries: queries.slice(0, 128 * 39), targetRecall: 0.9 },
      { queries, targetRecall: 0.9, truth: new Uint32Array(10), truthWidth: 10 },
      { queries, targetRecall: 0 },
      { queries, targetRecall: 1.01 },
      { queries, targetRecall: 0.9, k: 1001 },
    ]) {
      await expect(tuneIndex(index, options)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    }
  });
});

describe('an index that was tuned', () => {
  it('is searched as it was tuned where no list size is given, until it is another index', async () => {
    const query = queries.slice(0, 128);
    const open = (): Promise<VectorIndex> => openIndex(small.dir, { threads: 1, cacheBytes: 0 });
    const first = await open();
    const { uuid } = first.info;
    expect(first.tuning).toBeNull();
    expect(first.effort()).toEqual({ listSize: 64, rerank: 'auto' });
    const hopsOf = async (index: VectorIndex, listSize?: number): Promise<number | undefined> =>
      (await index.search(query, { costs: true, ...(listSize === undefined ? {} : { listSize }) })).costs?.hops[0];
    const hops = await hopsOf(first, 200);
    await first.close();

    const heldOut = { queries: 1, recall: 1, standardError: 0, reads: 1 };
    const tuning = { uuid, k: 10, targetRecall: 0.9, listSize: 200, rerank: 17, heldOut, createdAt: '' };
    await writeTuning(small.dir, tuning);
    const tuned = await open();
    expect(tuned.tuning).toEqual(tuning);
    expect(tuned.effort({ k: 20 })).toEqual({ listSize: 400, rerank: 34 });
    expect(tuned.effort({ listSize: 30 })).toEqual({ listSize: 30, rerank: 'auto' });
    expect(tuned.effort({ rerank: 12 })).toEqual({ listSize: 200, rerank: 12 });
    expect(await hopsOf(tuned)).toBe(hops);
    await tuned.close();

    await writeTuning(small.dir, { ...tuning, uuid: 'of another' });
    const other = await open();
    expect(other.tuning).toBeNull();
    await other.close();
    rmSync(tuningPath(small.dir));
  });
});
