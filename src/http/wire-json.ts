// JSON as the wire has it: whole numbers are exact to 64 bits and beyond, both ways. The work is src/payload/exact-json.ts;
// here a body that is no JSON becomes the answer that says so.
import { parseExactJson } from '../payload/exact-json.js';
import { WireError } from './wire-error.js';

export { shortFloat, writeExactJson as writeJson } from '../payload/exact-json.js';

/** Whole numbers past 2^53 become bigints; 400 for what is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return parseExactJson(text);
  } catch (error) {
    if (error instanceof RangeError) throw new WireError(400, 'Format error in JSON body: it is nested too deeply');
    throw new WireError(400, `Format error in JSON body: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** The text of a body. */
export function bytesText({ buffer, byteOffset, length }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, length).toString('utf8');
}
