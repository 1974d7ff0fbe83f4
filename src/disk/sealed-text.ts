// A JSON document as a file that a person can read, between a line that says what it is and a line that proves it
// whole:
//
//   line        bytes
//   first       "<name> <format version>\n"
//   then        the document as JSON, indented by two spaces, "\n"
//   last        "crc32 <8 lower-case hexadecimal digits>\n": CRC-32 of all bytes before this line
//
// The CRC is looked at before the version, so that a damaged byte is never taken for a later format: first and last
// line stay as they are in every version. What the document must hold is its format's own business: the manifest
// (manifest/manifest-format.ts) and the list of a snapshot (backup/snapshot-list.ts).
import { crc32 } from 'node:zlib';
import { VamanaError } from '../errors.js';

export interface SealedFormat {
  /** Of the first line, such as "vamana-manifest". */
  readonly name: string;
  /** Versions up to this one are read. */
  readonly version: number;
  /** What to do about damage. */
  readonly advice: string;
}

const LAST_LINE_BYTES = 'crc32 00000000\n'.length;

export function seal(document: unknown, { name, version }: SealedFormat): Buffer {
  const bytes = Buffer.from(`${name} ${version}\n${JSON.stringify(document, null, 2)}\n`);
  return Buffer.concat([bytes, lastLine(bytes)]);
}

/** The document, of which nothing but its being JSON is known. CORRUPT or TOO_NEW, with `path`. */
export function unseal(bytes: Buffer, path: string, format: SealedFormat): unknown {
  const end = Math.max(0, bytes.length - LAST_LINE_BYTES);
  const content = bytes.subarray(0, end);
  if (!bytes.subarray(end).equals(lastLine(content))) {
    const problem = `found ${printable(bytes.subarray(end))}, expected ${printable(lastLine(content))}`;
    throw sealedCorrupt(path, end, problem, format);
  }
  const text = content.toString();
  const first = text.slice(0, text.indexOf('\n') + 1);
  const version = first.startsWith(`${format.name} `) ? first.slice(format.name.length + 1, -1) : '';
  if (!/^[1-9]\d{0,8}$/.test(version)) {
    throw sealedCorrupt(path, 0, `expected the line ${format.name} <format version>`, format);
  }
  if (Number(version) > format.version) {
    const problem = `format version ${version}; this program reads up to ${format.version}, use a later one`;
    throw new VamanaError('TOO_NEW', `${path}: ${problem}`);
  }
  try {
    return JSON.parse(text.slice(first.length));
  } catch (cause) {
    throw sealedCorrupt(path, first.length, `not JSON: ${cause instanceof Error ? cause.message : cause}`, format);
  }
}

/** CORRUPT, with the place and what to do. */
export function sealedCorrupt(path: string, offset: number, problem: string, { advice }: SealedFormat): VamanaError {
  return new VamanaError('CORRUPT', `${path}: at byte ${offset}: ${problem}; ${advice}`);
}

function lastLine(content: Buffer): Buffer {
  return Buffer.from(`crc32 ${crc32(content).toString(16).padStart(8, '0')}\n`);
}

function printable(bytes: Buffer): string {
  return JSON.stringify(bytes.toString('latin1'));
}
