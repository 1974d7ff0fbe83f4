// What the wire knows of collections and the library does not: aliases, and how each was asked for (the name of its
// vector, parameters that are only echoed). One small file, `service.json` in the database's folder, replaced as a
// whole at each change: an answer that says "done" is durable. A collection without an entry, made by the command, say,
// has one unnamed vector and no parameters.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { nodeStorage } from '../disk/node-storage.js';
import { replaceFile } from '../disk/staged-file.js';
import { errnoOf, systemError } from '../disk/system-error.js';
import { VamanaError } from '../errors.js';
import { isObject } from './fields.js';

export interface WireCollection {
  /** '' for the unnamed one. */
  vectorName: string;
  /** The members of CreateCollection that are echoed, as they were given. */
  asked: Readonly<Record<string, unknown>>;
}

interface WireState {
  collections: Readonly<Record<string, WireCollection>>;
  aliases: Readonly<Record<string, string>>;
}

export const PLAIN_COLLECTION: WireCollection = { vectorName: '', asked: {} };

const EMPTY: WireState = { collections: {}, aliases: {} };

export class WireRegistry {
  private writing: Promise<void> = Promise.resolve();

  private constructor(
    private readonly path: string,
    private state: WireState,
  ) {}

  /** CORRUPT, IO. */
  static async open(dir: string): Promise<WireRegistry> {
    const path = join(dir, 'service.json');
    return new WireRegistry(path, await readState(path));
  }

  collection(name: string): WireCollection {
    return own(this.state.collections, name) ?? PLAIN_COLLECTION;
  }

  /** Its entry, where it has one. */
  known(name: string): WireCollection | undefined {
    return own(this.state.collections, name);
  }

  /** The collection that an alias stands for; the name itself where it is none. */
  resolve(name: string): string {
    return own(this.state.aliases, name) ?? name;
  }

  isAlias(name: string): boolean {
    return Object.hasOwn(this.state.aliases, name);
  }

  /** Sorted by alias. */
  aliases(): { alias_name: string; collection_name: string }[] {
    return Object.entries(this.state.aliases)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([alias_name, collection_name]) => ({ alias_name, collection_name }));
  }

  setCollection(name: string, collection: WireCollection): Promise<void> {
    return this.change((state) => ({ ...state, collections: { ...state.collections, [name]: collection } }));
  }

  /** With its aliases. */
  removeCollection(name: string): Promise<void> {
    return this.change(({ collections, aliases }) => ({
      collections: without(collections, (key) => key === name),
      aliases: without(aliases, (_alias, target) => target === name),
    }));
  }

  /** All of it or, when `edit` throws, nothing. */
  changeAliases(edit: (aliases: Record<string, string>) => void): Promise<void> {
    return this.change((state) => {
      const aliases = { ...state.aliases };
      edit(aliases);
      return { ...state, aliases };
    });
  }

  // One change after the other, each on what the one before it left on the disk.
  private change(edit: (state: WireState) => WireState): Promise<void> {
    const done = this.writing.then(async () => {
      const state = edit(this.state);
      await replaceFile(nodeStorage, this.path, [Buffer.from(JSON.stringify(state, null, 2))]);
      this.state = state;
    });
    this.writing = done.catch(() => undefined);
    return done;
  }
}

async function readState(path: string): Promise<WireState> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return EMPTY;
    throw systemError(error, 'read', path);
  }
  try {
    const state: unknown = JSON.parse(text);
    if (isObject(state) && isObject(state.collections) && isObject(state.aliases)) return state as unknown as WireState;
  } catch {
    // Told below: what is no JSON is as bad as JSON of another shape.
  }
  const advice = 'put it right, or move it away to lose aliases and names of vectors only';
  throw new VamanaError('CORRUPT', `${path}: expected JSON with collections and aliases; ${advice}`);
}

function own<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

function without<T>(table: Readonly<Record<string, T>>, drops: (key: string, value: T) => boolean): Record<string, T> {
  return Object.fromEntries(Object.entries(table).filter(([key, value]) => !drops(key, value)));
}
