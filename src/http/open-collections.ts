// Collections as requests use them: opened at first use, kept open while they are used, and closed again, the one that
// has been idle longest first, when more are open, or take more memory together, than shall be. So a database may have
// many more collections than fit into memory at once. One that is used is never closed: then there is more for a while.
import type { NativeStoreStats } from '../binding.js';
import type { Collection } from '../collection/collection.js';
import type { Database } from '../database/database.js';
import { VamanaError } from '../errors.js';
import { notFound } from './wire-error.js';

export interface OpenLimits {
  collections: number;
  /** Of the engine, of all that are open; 0 is no limit. */
  memoryBytes: number;
}

interface Entry {
  uses: number;
  /** Null until it is open. */
  collection: Collection | null;
}

/** What is asked of a database. */
type Source = Pick<Database, 'collection'>;

export class OpenCollections {
  /** By name; in the order of last use. */
  private readonly entries = new Map<string, Entry>();

  constructor(
    private readonly database: Source,
    private readonly limits: OpenLimits,
  ) {}

  /** The work has the collection open until it ends. 404, naming it, when there is none. */
  async use<T>(name: string, work: (collection: Collection) => Promise<T> | T): Promise<T> {
    const entry = this.entries.get(name) ?? { uses: 0, collection: null };
    entry.uses += 1;
    this.entries.delete(name);
    this.entries.set(name, entry);
    try {
      const isNew = entry.collection === null || entry.collection.isClosed;
      entry.collection = await this.open(name);
      // What it takes is known only now: room is made for it before it is worked with.
      if (isNew) await this.closeIdle();
      return await work(entry.collection);
    } finally {
      entry.uses -= 1;
      if (entry.uses === 0 && entry.collection === null) this.entries.delete(name);
      await this.closeIdle();
    }
  }

  /** Those that were used and are not closed yet. */
  get collections(): Collection[] {
    return [...this.entries.values()].flatMap(({ collection }) =>
      collection === null || collection.isClosed ? [] : [collection],
    );
  }

  private async open(name: string): Promise<Collection> {
    try {
      return await this.database.collection(name);
    } catch (error) {
      if (!(error instanceof VamanaError && error.code === 'NOT_FOUND')) throw error;
      throw notFound(`Collection \`${name}\` doesn't exist!`);
    }
  }

  private async closeIdle(): Promise<void> {
    for (const [name, { uses, collection }] of this.entries) {
      if (!this.isOver()) return;
      if (uses > 0) continue;
      this.entries.delete(name);
      // Asked for again meanwhile: it is opened anew once this one is closed.
      await collection?.close();
    }
  }

  private isOver(): boolean {
    const { collections, memoryBytes } = this.limits;
    if (this.entries.size > collections) return true;
    if (memoryBytes === 0) return false;
    return this.collections.reduce((sum, collection) => sum + bytesOf(collection.status().memory), 0) > memoryBytes;
  }
}

function bytesOf({ graph, codes, rows, deltas, cache, mapped }: NativeStoreStats['memory']): number {
  return graph + codes + rows + deltas + cache + mapped;
}
