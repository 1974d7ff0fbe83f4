// Decompression of the pieces of column files, by the names Parquet gives its codecs. Output is bounded by what the file
// says it is, and that by a gigabyte, so that a damaged length cannot take all memory. Called by parquet-reader.ts and
// arrow-reader.ts.
import zlib from 'node:zlib';
import { VamanaError } from '../errors.js';
import { WINDOW_BYTES_MAX } from '../limits.js';
import { decompressLz4Block, decompressLz4Frame } from './lz4.js';
import { loadOptional } from './optional-package.js';

/** Throws whatever for input that is damaged; callers say where. */
export type Decompress = (input: Uint8Array, outputBytes: number) => Uint8Array;

/** UNSUPPORTED for a codec that is not read, or needs a package that is missing. */
export async function loadCodec(path: string, codec: string): Promise<Decompress> {
  switch (codec) {
    case 'UNCOMPRESSED':
      return (input) => input;
    case 'SNAPPY': {
      const { snappyUncompress } = await loadOptional('hyparquet', `reading ${path}`, () => import('hyparquet'));
      return (input, outputBytes) => {
        const output = new Uint8Array(checked(outputBytes));
        snappyUncompress(input, output);
        return output;
      };
    }
    case 'GZIP':
      return (input, outputBytes) =>
        plain(zlib.gunzipSync(input, { maxOutputLength: Math.max(1, checked(outputBytes)) }));
    case 'BROTLI':
      return (input, outputBytes) =>
        plain(zlib.brotliDecompressSync(input, { maxOutputLength: Math.max(1, checked(outputBytes)) }));
    case 'LZ4_RAW':
      return (input, outputBytes) => decompressLz4Block(input, checked(outputBytes));
    case 'LZ4_FRAME':
      return (input, outputBytes) => decompressLz4Frame(input, checked(outputBytes));
    case 'ZSTD':
      return loadZstd(path);
    default:
      throw new VamanaError('UNSUPPORTED', `${path} is compressed by ${codec}, which is not read; write it with ZSTD`);
  }
}

// Node has it from 22.15 on.
async function loadZstd(path: string): Promise<Decompress> {
  const { zstdDecompressSync } = zlib as { zstdDecompressSync?: typeof zlib.gunzipSync };
  if (zstdDecompressSync !== undefined) {
    return (input, outputBytes) =>
      plain(zstdDecompressSync(input, { maxOutputLength: Math.max(1, checked(outputBytes)) }));
  }
  const load = () => import('hyparquet-compressors');
  const { decompressZstd } = await loadOptional('hyparquet-compressors', `reading ${path} (ZSTD)`, load);
  return (input, outputBytes) => decompressZstd(input, new Uint8Array(checked(outputBytes)));
}

function checked(bytes: number): number {
  if (Number.isSafeInteger(bytes) && bytes >= 0 && bytes <= WINDOW_BYTES_MAX) return bytes;
  throw new Error(`a piece of ${bytes} bytes; expected at most ${WINDOW_BYTES_MAX}`);
}

// A Buffer's slice() shares memory where that of an array copies.
function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
