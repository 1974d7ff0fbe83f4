// A file read by windows: each is mapped with sequential advice, handed to a callback and let go again. What the
// callback is given must not outlive it, so a file cut short later can harm nobody who still holds rows.
// Not here: what the bytes mean. Called by headers.ts and vector-source.ts; builds read natively instead.
//
// Rules of a window:
// 1. The file's size is asked for first; a file that became shorter is BAD_VECTOR_FILE, not a bus error.
// 2. Only pages of the window are mapped, and their memory is given back (MADV_DONTNEED) after the callback:
//    unmapping waits for the garbage collector, and until then the pages would count as ours.
// 3. Where a map is not to be had (mmap-io takes offsets below 2^31 only and wraps larger ones silently; some
//    file systems refuse; the module may not be built) or does not pay, the same bytes are read with pread.
import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { systemError } from '../disk/system-error.js';
import { VamanaError } from '../errors.js';
import { badVectorFile, invalidArgument } from './faults.js';

type MmapIo = typeof import('mmap-io').default;

/** mmap-io passes offset and size through a C int. */
const MAP_OFFSET_MAX = 2 ** 31 - 1;

/**
 * Smaller windows are read: a map costs more than it saves there, and maps that await the garbage collector
 * must stay far below the 65,530 that Linux allows a process.
 */
const MAP_BYTES_MIN = 64 * 1024;

export class MappedFile {
  private descriptor: number | undefined;
  /** Reused from window to window; only as large as the largest window that could not be mapped. */
  private scratch = new Uint8Array(0);

  private constructor(
    readonly path: string,
    /** The size when the file was opened. */
    readonly bytes: number,
    descriptor: number,
  ) {
    this.descriptor = descriptor;
  }

  static open(path: string): MappedFile {
    let descriptor: number | undefined;
    try {
      // Asked before opening, because opening a named pipe waits for its writer.
      if (!statSync(path).isFile()) throw invalidArgument(`${path} is not a regular file; give a vector file`);
      descriptor = openSync(path, 'r');
      return new MappedFile(path, fstatSync(descriptor).size, descriptor);
    } catch (error) {
      if (descriptor !== undefined) closeSync(descriptor);
      throw systemError(error, 'open', path);
    }
  }

  /** Calls `read` with the `length` bytes at `offset`, valid only until it returns. */
  use<Result>(offset: number, length: number, read: (bytes: Uint8Array) => Result): Result {
    const descriptor = this.openDescriptor();
    this.checkSize(descriptor, offset + length);
    const mmap = length < MAP_BYTES_MIN ? undefined : loadMmapIo();
    const start = mmap === undefined ? offset : offset - (offset % mmap.PAGESIZE);
    const mapped = map(mmap, descriptor, start, offset + length - start);
    if (mmap === undefined || mapped === undefined) return read(this.read(descriptor, offset, length));
    try {
      // A plain view: slice() of a Buffer would alias the mapping where a copy is expected.
      return read(new Uint8Array(mapped.buffer, mapped.byteOffset + offset - start, length));
    } finally {
      mmap.advise(mapped, mmap.MADV_DONTNEED);
    }
  }

  /** Idempotent; `use` afterwards is CLOSED. */
  close(): void {
    if (this.descriptor !== undefined) closeSync(this.descriptor);
    this.descriptor = undefined;
    this.scratch = new Uint8Array(0);
  }

  private openDescriptor(): number {
    if (this.descriptor === undefined) throw new VamanaError('CLOSED', `${this.path} was closed; open it again`);
    return this.descriptor;
  }

  private checkSize(descriptor: number, end: number): void {
    const found = this.attempt(() => fstatSync(descriptor).size);
    if (found >= end) return;
    throw badVectorFile(
      this.path,
      found,
      `the file ends here, while ${end} bytes are needed and it had ${this.bytes} when it was opened; ` +
        'something cut it short meanwhile',
    );
  }

  private read(descriptor: number, offset: number, length: number): Uint8Array {
    if (this.scratch.length < length) this.scratch = new Uint8Array(length);
    let done = 0;
    while (done < length) {
      const count = this.attempt(() => readSync(descriptor, this.scratch, done, length - done, offset + done));
      if (count === 0) throw badVectorFile(this.path, offset + done, 'the file ends here; something cut it short');
      done += count;
    }
    return this.scratch.subarray(0, length);
  }

  private attempt<Result>(call: () => Result): Result {
    try {
      return call();
    } catch (error) {
      throw systemError(error, 'read', this.path);
    }
  }
}

function map(mmap: MmapIo | undefined, descriptor: number, start: number, length: number): Buffer | undefined {
  if (mmap === undefined || start > MAP_OFFSET_MAX || length > MAP_OFFSET_MAX) return undefined;
  try {
    return mmap.map(length, mmap.PROT_READ, mmap.MAP_SHARED, descriptor, start, mmap.MADV_SEQUENTIAL);
  } catch {
    return undefined;
  }
}

let mmapIo: MmapIo | null | undefined;

// Loaded on first use: a missing binary of mmap-io must not break what never reads a vector file.
function loadMmapIo(): MmapIo | undefined {
  if (mmapIo === undefined) {
    try {
      mmapIo = createRequire(import.meta.url)('mmap-io') as MmapIo;
    } catch {
      mmapIo = null;
    }
  }
  return mmapIo ?? undefined;
}
