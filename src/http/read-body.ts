// A request's body, read into memory up to a limit. What is longer is read to its end and thrown away before the
// refusal is sent: a client that is cut off while it writes sees a broken connection, not the answer. One that sends
// without end is cut off all the same.
import type { Readable } from 'node:stream';
import { WireError } from './wire-error.js';

/** Times the limit that are read before the connection is given up. */
const DRAIN_FACTOR = 8;

export async function readBody(stream: Readable, bytesMax: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= bytesMax) chunks.push(chunk);
    else chunks.length = 0;
    if (bytes > bytesMax * DRAIN_FACTOR) break;
  }
  if (bytes <= bytesMax) return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, bytes);
  const found = bytes > bytesMax * DRAIN_FACTOR ? `more than ${bytesMax * DRAIN_FACTOR}` : String(bytes);
  throw new WireError(413, `Payload error: found a body of ${found} bytes, at most ${bytesMax} are taken; split it`);
}
