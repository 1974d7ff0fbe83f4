// Collections as requests use them: opened at first use, kept open while they are used, and closed again, the one that
// has been idle longest first, when more are open than shall be. So a database may have many more collections than
// fit into memory at once.
import type { Collection } from '../collection/collection.js';
import type { Database } from '../database/database.js';
import { VamanaError } from '../errors.js';
import { notFound } from './wire-error.js';

export class OpenCollections {
  /** Uses by name; in the order of last use. */
  private readonly uses = new Map<string, number>();
  private readonly opened = new Map<string, Collection>();

  constructor(
    private readonly database: Database,
    private readonly openMost: number,
  ) {}

  /** The work has the collection open until it ends. 404, naming it, when there is none. */
  async use<T>(name: string, work: (collection: Collection) => Promise<T> | T): Promise<T> {
    const uses = this.uses.get(name) ?? 0;
    this.uses.delete(name);
    this.uses.set(name, uses + 1);
    let opened = false;
    try {
      const collection = await this.open(name);
      opened = true;
      this.opened.set(name, collection);
      return await work(collection);
    } finally {
      const left = (this.uses.get(name) ?? 1) - 1;
      this.uses.set(name, left);
      if (left === 0 && !opened) this.uses.delete(name);
      await this.closeIdle();
    }
  }

  /** Those that were used and are not closed yet. */
  get collections(): Collection[] {
    return [...this.opened.values()].filter(({ isClosed }) => !isClosed);
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
    for (const [name, uses] of this.uses) {
      if (this.uses.size <= this.openMost) return;
      if (uses > 0) continue;
      this.uses.delete(name);
      this.opened.delete(name);
      const collection = await this.database.collection(name).catch(() => undefined);
      // Asked for again meanwhile: then it stays.
      if (!this.uses.has(name)) await collection?.close();
    }
  }
}
