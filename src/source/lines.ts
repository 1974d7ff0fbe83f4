// The lines of a text file, plain or gzipped (by its name), one after the other in bounded memory: payloads (.jsonl)
// and ids (.txt) of an import. Lines end with \n or \r\n; what follows the last end is a line too unless it is empty.
import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { systemError } from '../disk/system-error.js';
import { badVectorFile } from './faults.js';

export interface TextLine {
  /** From 1. */
  number: number;
  text: string;
}

/** A line is one string; one that is longer was no line. */
const LINE_BYTES_MAX = 64 * 1024 * 1024;
const NEWLINE = 10;
const RETURN = 13;

/** `skip`: lines passed over without a look into them. NOT_FOUND, IO, BAD_VECTOR_FILE (no gzip, too long a line). */
export async function* readLines(path: string, skip = 0): AsyncGenerator<TextLine, void> {
  let number = 0;
  for await (const bytes of lineBytes(path)) {
    number += 1;
    if (number <= skip) continue;
    const end = bytes.at(-1) === RETURN ? bytes.length - 1 : bytes.length;
    yield { number, text: bytes.toString('utf8', 0, end) };
  }
}

async function* lineBytes(path: string): AsyncGenerator<Buffer, void> {
  let rest: Buffer[] = [];
  let restBytes = 0;
  let done = 0;
  for await (const chunk of chunks(path)) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      const part = chunk.subarray(start, end);
      yield rest.length === 0 ? part : Buffer.concat([...rest, part]);
      rest = [];
      restBytes = 0;
      start = end + 1;
    }
    if (start < chunk.length) {
      rest.push(chunk.subarray(start));
      restBytes += chunk.length - start;
    }
    done += chunk.length;
    if (restBytes > LINE_BYTES_MAX) {
      throw badVectorFile(
        path,
        done - restBytes,
        `a line of more than ${LINE_BYTES_MAX} bytes; expected lines of text`,
      );
    }
  }
  if (restBytes > 0) yield Buffer.concat(rest);
}

async function* chunks(path: string): AsyncGenerator<Buffer, void> {
  const file = createReadStream(path, { highWaterMark: 1024 * 1024 });
  const zipped = /\.gz$/i.test(path);
  let text: Readable = file;
  if (zipped) {
    const gunzip = createGunzip();
    file.on('error', (error) => gunzip.destroy(error));
    text = file.pipe(gunzip);
  }
  try {
    for await (const chunk of text) yield chunk as Buffer;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (!code.startsWith('Z_') && code !== 'ERR_STREAM_PREMATURE_CLOSE') throw systemError(error, 'read', path);
    const reason = error instanceof Error ? error.message : String(error);
    throw badVectorFile(path, file.bytesRead, `it cannot be unzipped: ${reason}; expected a whole gzip file`);
  } finally {
    file.destroy();
    text.destroy();
  }
}
