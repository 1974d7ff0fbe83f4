// A Storage in memory that keeps apart what a program sees and what a disk holds, and fails on command. Tests run
// their scripts on it, cut the power wherever they like and look at what is left.
//
// A file's bytes reach the disk with datasync, a folder's names with syncDir. `powerCut` makes the storage that a
// machine may find after the power came back: of the 512-byte sectors written since, each was written or not, the
// size is the old one, the new one or between; of the changes of names since, each was kept or not, a rename whole.
// A datasync that fails loses what it was to sync: the program goes on seeing it, no later sync writes it, and
// only writing it again does. A syncDir that fails leaves its changes waiting: names are journaled, and a file
// system that cannot write its journal stops.
import { dirname } from 'node:path';
import type { FreeSpace, OpenMode, Storage, StorageFile } from '../src/disk/storage.js';
import { systemError } from '../src/disk/system-error.js';
import { seededRandom } from '../tools/random.js';

// For all tests; those of src know of tools as little as src does.
export { seededRandom as generator };

export type CallKind =
  | 'open'
  | 'create'
  | 'size'
  | 'read'
  | 'write'
  | 'truncate'
  | 'datasync'
  | 'close'
  | 'rename'
  | 'unlink'
  | 'mkdir'
  | 'list'
  | 'syncDir'
  | 'freeSpace';

export interface Fault {
  /** The n-th call from here on, counted from 1, of this kind or, without one, of any. */
  nth: number;
  kind?: CallKind;
  errno: 'ENOSPC' | 'EIO';
}

const SECTOR = 512;

interface Inode {
  seen: Buffer;
  disk: Buffer;
  /** Sectors written since the last sync. */
  dirty: Set<number>;
}

interface NameChange {
  path: string;
  inode: Inode | null;
  /** The other half of a rename. */
  removed?: string;
}

export class FaultyStorage implements Storage {
  /** Calls so far, each by its kind. */
  readonly calls: CallKind[] = [];
  private readonly random: () => number;
  private seenNames = new Map<string, Inode>();
  private diskNames = new Map<string, Inode>();
  private readonly folders = new Set<string>(['/']);
  private changes: NameChange[] = [];
  private fault: (Fault & { left: number }) | null = null;
  private powerFor = Number.POSITIVE_INFINITY;

  constructor(seed = 1) {
    this.random = seededRandom(seed);
  }

  failAt(fault: Fault): void {
    this.fault = { ...fault, left: fault.nth };
  }

  /** The power goes after so many more calls: every later one rejects and has no effect. */
  cutPowerAfter(calls: number): void {
    this.powerFor = this.calls.length + calls;
  }

  get isOff(): boolean {
    return this.calls.length >= this.powerFor;
  }

  /** What the disk may hold if the power fails now; this storage stays as it is. */
  powerCut(seed: number): FaultyStorage {
    const random = seededRandom(seed);
    const found = new FaultyStorage(seed + 1);
    for (const folder of this.folders) found.folders.add(folder);
    const names = new Map(this.diskNames);
    for (const { path, inode, removed } of this.changes) {
      if (random() < 0.5) continue;
      if (removed !== undefined) names.delete(removed);
      if (inode === null) names.delete(path);
      else names.set(path, inode);
    }
    const survivors = new Map<Inode, Inode>();
    for (const inode of new Set(names.values())) survivors.set(inode, settled(survivor(inode, random)));
    for (const [path, inode] of names) found.seenNames.set(path, survivors.get(inode) ?? inode);
    found.diskNames = new Map(found.seenNames);
    return found;
  }

  /** Every file as a program sees it, which is also what it finds after it was killed. */
  get bytes(): ReadonlyMap<string, Buffer> {
    return new Map([...this.seenNames].map(([path, { seen }]) => [path, seen]));
  }

  /** Puts a file there, durable. */
  put(path: string, bytes: Uint8Array): void {
    const inode = settled(Buffer.from(bytes));
    this.folders.add(dirname(path));
    this.seenNames.set(path, inode);
    this.diskNames.set(path, inode);
  }

  async open(path: string, mode: OpenMode): Promise<StorageFile> {
    await this.begin(mode === 'create' ? 'create' : 'open', path);
    const found = this.seenNames.get(path);
    if (mode !== 'create') return new FaultyFile(this, path, found ?? fail('ENOENT', 'open', path));
    if (found !== undefined) fail('EEXIST', 'create', path);
    if (!this.folders.has(dirname(path))) fail('ENOENT', 'create', path);
    const inode = { seen: Buffer.alloc(0), disk: Buffer.alloc(0), dirty: new Set<number>() };
    this.change({ path, inode });
    return new FaultyFile(this, path, inode);
  }

  async rename(from: string, to: string): Promise<void> {
    await this.begin('rename', from);
    this.change({ path: to, inode: this.seenNames.get(from) ?? fail('ENOENT', 'rename', from), removed: from });
  }

  async unlink(path: string): Promise<void> {
    await this.begin('unlink', path);
    if (!this.seenNames.has(path)) fail('ENOENT', 'remove', path);
    this.change({ path, inode: null });
  }

  async mkdir(path: string): Promise<void> {
    await this.begin('mkdir', path);
    this.folders.add(path);
  }

  async list(path: string): Promise<string[]> {
    await this.begin('list', path);
    if (!this.folders.has(path)) fail('ENOENT', 'list', path);
    return [...this.seenNames.keys()]
      .filter((name) => dirname(name) === path)
      .map((name) => name.slice(path.length + 1));
  }

  async syncDir(path: string): Promise<void> {
    await this.begin('syncDir', path);
    for (const { path: name, inode, removed } of this.changes.filter((change) => dirname(change.path) === path)) {
      if (removed !== undefined) this.diskNames.delete(removed);
      if (inode === null) this.diskNames.delete(name);
      else this.diskNames.set(name, inode);
    }
    this.changes = this.changes.filter((change) => dirname(change.path) !== path);
  }

  async freeSpace(path: string): Promise<FreeSpace> {
    await this.begin('freeSpace', path);
    return { freeBytes: 2 ** 40, totalBytes: 2 ** 41 };
  }

  /** Counts the call, and fails it if its turn has come; `partly` is what a failing call does nevertheless. */
  async begin(kind: CallKind, path: string, partly: (random: () => number) => void = () => undefined): Promise<void> {
    await null;
    if (this.isOff) throw systemError(new Error('the power is off'), kind, path);
    this.calls.push(kind);
    if (this.fault === null || (this.fault.kind ?? kind) !== kind) return;
    this.fault.left -= 1;
    if (this.fault.left > 0) return;
    const { errno } = this.fault;
    this.fault = null;
    partly(this.random);
    fail(errno, kind, path);
  }

  private change(change: NameChange): void {
    this.changes.push(change);
    if (change.removed !== undefined) this.seenNames.delete(change.removed);
    if (change.inode === null) this.seenNames.delete(change.path);
    else this.seenNames.set(change.path, change.inode);
  }
}

class FaultyFile implements StorageFile {
  private isOpen = true;

  constructor(
    private readonly storage: FaultyStorage,
    readonly path: string,
    private readonly inode: Inode,
  ) {}

  async size(): Promise<number> {
    await this.begin('size');
    return this.inode.seen.length;
  }

  async read(offset: number, length: number): Promise<Buffer> {
    await this.begin('read');
    return Buffer.from(this.inode.seen.subarray(offset, offset + length));
  }

  async write(buffers: readonly Uint8Array[], offset: number): Promise<void> {
    const bytes = Buffer.concat(buffers);
    await this.begin('write', (random) => this.put(bytes.subarray(0, Math.floor(random() * bytes.length)), offset));
    this.put(bytes, offset);
  }

  async truncate(size: number): Promise<void> {
    await this.begin('truncate');
    this.resize(size);
  }

  async datasync(): Promise<void> {
    await this.begin('datasync', (random) => {
      this.inode.disk = survivor(this.inode, random);
      this.inode.dirty.clear();
    });
    settle(this.inode);
  }

  async close(): Promise<void> {
    await this.begin('close');
    this.isOpen = false;
  }

  private async begin(kind: CallKind, partly?: (random: () => number) => void): Promise<void> {
    if (!this.isOpen) fail('EBADF', kind, this.path);
    await this.storage.begin(kind, this.path, partly);
  }

  private put(bytes: Buffer, offset: number): void {
    if (bytes.length === 0) return;
    if (offset + bytes.length > this.inode.seen.length) this.resize(offset + bytes.length);
    bytes.copy(this.inode.seen, offset);
    const end = offset + bytes.length;
    for (let sector = Math.floor(offset / SECTOR); sector * SECTOR < end; sector += 1) this.inode.dirty.add(sector);
  }

  private resize(size: number): void {
    const before = this.inode.seen;
    this.inode.seen = Buffer.concat([before.subarray(0, size), Buffer.alloc(Math.max(0, size - before.length))]);
    this.inode.dirty.add(Math.floor(Math.min(size, before.length) / SECTOR));
  }
}

/** All of it reaches the disk: what was written, and only that; what an earlier failed sync lost stays lost. */
function settle(inode: Inode): void {
  inode.disk = blend(inode, inode.seen.length, () => true);
  inode.dirty.clear();
}

function settled(bytes: Buffer): Inode {
  return { seen: Buffer.from(bytes), disk: Buffer.from(bytes), dirty: new Set() };
}

/** One of the states of the disk if the power fails now. */
function survivor(inode: Inode, random: () => number): Buffer {
  const before = inode.disk.length;
  const after = inode.seen.length;
  const choice = random();
  const between = Math.round(before + random() * (after - before));
  const size = choice < 0.3 ? before : choice < 0.7 ? after : between;
  // Sometimes all, sometimes next to nothing: a tear of one sector is the rarer and the harder case.
  const share = [0, 0.1, 0.5, 0.9, 1][Math.floor(random() * 5)] ?? 1;
  return blend(inode, size, () => random() < share);
}

/** The disk's bytes with those dirty sectors that `reached` it; zeros where neither has any. */
function blend(inode: Inode, size: number, reached: () => boolean): Buffer {
  const bytes = Buffer.alloc(size);
  inode.disk.copy(bytes);
  for (const sector of inode.dirty) {
    const start = sector * SECTOR;
    if (start < size && reached()) {
      bytes.fill(0, start, Math.min(start + SECTOR, size));
      inode.seen.subarray(start, start + SECTOR).copy(bytes, start);
    }
  }
  return bytes;
}

function fail(errno: string, action: string, path: string): never {
  throw systemError(Object.assign(new Error(`${errno}: made to fail, ${action}`), { code: errno }), action, path);
}
