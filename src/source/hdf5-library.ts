// The package h5wasm, loaded once, and what its HDF5 library prints: it writes the trace of a failed call on the process's
// error stream and returns a number. Here the trace is kept instead, and its innermost line becomes the reason of an
// error. (Its handler that throws is no way out: an exception through its frames leaves its stack where it was, and the
// calls after it fail.) Called by hdf5-reader.ts.
import { loadOptional } from './optional-package.js';

export type Hdf5 = typeof import('h5wasm/node');

/** Of the library's streams that of errors; as Emscripten has it. */
interface ErrorStream {
  node?: { mode: number };
  stream_ops?: { write(stream: unknown, bytes: Int8Array, offset: number, length: number): number };
}

const STDERR = 2;
const CHARACTER_DEVICE = 0o020666;
const NOTES_MAX = 64 * 1024;

let notes = '';

/** UNSUPPORTED when it is not installed. */
export function loadHdf5(path: string): Promise<Hdf5> {
  return loadOptional('h5wasm', `reading ${path}`, async () => {
    const h5 = await import('h5wasm/node');
    const { FS } = (await h5.ready) as unknown as { FS: { getStream(fd: number): ErrorStream | null } };
    const stream = FS.getStream(STDERR);
    if (stream !== null) {
      stream.node = { mode: CHARACTER_DEVICE };
      stream.stream_ops = { write: keep };
    }
    return h5;
  });
}

function keep(_stream: unknown, bytes: Int8Array, offset: number, length: number): number {
  if (notes.length < NOTES_MAX)
    notes += Buffer.from(bytes.buffer, bytes.byteOffset + offset, length).toString('latin1');
  return length;
}

/** Calls the library. What it noted since is why, whether it throws or returns a number. */
export function callHdf5<T>(call: () => T): { value: T | undefined; reason: string } {
  notes = '';
  try {
    const value = call();
    return { value, reason: reasonOf(notes) };
  } catch (thrown) {
    const text = thrown instanceof Error ? thrown.message : String(thrown);
    return { value: undefined, reason: reasonOf(notes) || (text.trim().split('\n')[0] ?? '') || 'unknown' };
  }
}

/** "  #006: H5Fsuper.c line 577 in H5F__super_read(): truncated file: eof = …" */
function reasonOf(trace: string): string {
  const reasons = Array.from(trace.matchAll(/^ *#\d+: .* in \w+\(\): (.*)$/gm), ([, reason]) => reason ?? '');
  return reasons.at(-1) ?? '';
}
