import { describe, expect, it } from 'vitest';
import type { Collection } from '../collection/collection.js';
import { VamanaError } from '../errors.js';
import { OpenCollections, type OpenLimits } from './open-collections.js';

const MEGABYTE = 1e6;

/** Collections of a megabyte each; those that are open, in the order in which they were opened. */
function fake(limits: OpenLimits): { open: OpenCollections; now: () => string[]; opened: string[] } {
  const there = new Map<string, Collection>();
  const opened: string[] = [];
  const source = {
    async collection(name: string): Promise<Collection> {
      if (name === 'missing') throw new VamanaError('NOT_FOUND', 'there is none');
      const known = there.get(name);
      if (known !== undefined) return known;
      const memory = { graph: MEGABYTE, codes: 0, rows: 0, deltas: 0, cache: 0, mapped: 0, locked: true };
      const made = {
        name,
        isClosed: false,
        status: () => ({ memory }),
        async close() {
          made.isClosed = true;
          there.delete(name);
        },
      };
      there.set(name, made as unknown as Collection);
      opened.push(name);
      return made as unknown as Collection;
    },
  };
  return { open: new OpenCollections(source, limits), now: () => [...there.keys()], opened };
}

describe('open collections', () => {
  it('are closed when there are too many, the one idle longest first', async () => {
    const { open, now } = fake({ collections: 2, memoryBytes: 0 });
    for (const name of ['a', 'b', 'a', 'c']) await open.use(name, () => undefined);
    expect(now()).toEqual(['a', 'c']);
    expect(open.collections.map(({ name }) => name)).toEqual(['a', 'c']);
  });

  it('are closed when they take too much memory, before the next one is worked with', async () => {
    const { open, now } = fake({ collections: 100, memoryBytes: 2.5 * MEGABYTE });
    await open.use('a', () => undefined);
    await open.use('b', () => undefined);
    await open.use('c', () => expect(now()).toEqual(['b', 'c']));
    await open.use('b', () => open.use('d', () => expect(now()).toEqual(['b', 'd'])));
  });

  it('stay while they are used, however many they are', async () => {
    const { open, now } = fake({ collections: 1, memoryBytes: 1 });
    await open.use('a', () => open.use('b', () => open.use('a', () => expect(now()).toEqual(['a', 'b']))));
    expect(now()).toEqual([]);
  });

  it('are opened anew after they were closed, and forgotten when there is none', async () => {
    const { open, opened } = fake({ collections: 1, memoryBytes: 0 });
    for (const name of ['a', 'b', 'a']) await open.use(name, () => undefined);
    expect(opened).toEqual(['a', 'b', 'a']);
    await expect(open.use('missing', () => undefined)).rejects.toMatchObject({ status: 404 });
    expect(open.collections.map(({ name }) => name)).toEqual(['a']);
  });
});
