// The authority on the bytes of `manifest-<version>.vm`: JSON that a person can read, between a line that says what
// it is and a line that proves it whole.
//
//   line        bytes
//   first       "vamana-manifest <format version>\n"
//   then        the manifest as JSON, indented by two spaces, "\n"
//   last        "crc32 <8 lower-case hexadecimal digits>\n": CRC-32 of all bytes before this line
//
// A file is valid iff it ends with such a last line and its CRC holds; it begins with such a first line, of version 1;
// what is between is JSON that keeps every invariant of manifest.ts; and its version is that of the file's name. The
// CRC is looked at before the version, so that a damaged byte is never taken for a later format: first and last line
// stay as they are in every version.
import { isDeepStrictEqual } from 'node:util';
import { crc32 } from 'node:zlib';
import { VamanaError } from '../errors.js';
import { checkManifest, MANIFEST_FORMAT_VERSION, type Manifest } from './manifest.js';

const FIRST_LINE = /^vamana-manifest ([1-9]\d{0,8})\n/;
const LAST_LINE_BYTES = 'crc32 00000000\n'.length;

/** INTERNAL when an invariant does not hold or the configuration is not plain JSON. */
export function encodeManifest(manifest: Manifest<unknown>): Buffer {
  const where = `manifest ${manifest.version}`;
  checkManifest(manifest, 'INTERNAL', where);
  const json = JSON.stringify(manifest, null, 2);
  if (!isDeepStrictEqual(JSON.parse(json), manifest)) {
    throw new VamanaError('INTERNAL', `${where}: the configuration is not plain JSON: it would be read as another`);
  }
  const bytes = Buffer.from(`vamana-manifest ${MANIFEST_FORMAT_VERSION}\n${json}\n`);
  return Buffer.concat([bytes, lastLine(bytes)]);
}

/** CORRUPT or TOO_NEW, with `path`. */
export function decodeManifest<Config>(bytes: Buffer, path: string, version: number): Manifest<Config> {
  const end = Math.max(0, bytes.length - LAST_LINE_BYTES);
  const content = bytes.subarray(0, end);
  if (!bytes.subarray(end).equals(lastLine(content))) {
    throw corrupt(path, end, `found ${printable(bytes.subarray(end))}, expected ${printable(lastLine(content))}`);
  }
  const text = content.toString();
  const first = FIRST_LINE.exec(text);
  if (first === null) throw corrupt(path, 0, 'expected the line vamana-manifest <format version>');
  if (Number(first[1]) > MANIFEST_FORMAT_VERSION) {
    const problem = `format version ${first[1]}; this program reads up to ${MANIFEST_FORMAT_VERSION}, use a later one`;
    throw new VamanaError('TOO_NEW', `${path}: ${problem}`);
  }
  const manifest = parse(path, text.slice(first[0].length), first[0].length);
  checkManifest<Config>(manifest, 'CORRUPT', path);
  if (manifest.version === version) return manifest;
  throw corrupt(path, 0, `it is version ${manifest.version}, which its name does not say`);
}

function parse(path: string, json: string, offset: number): unknown {
  try {
    return JSON.parse(json);
  } catch (cause) {
    throw corrupt(path, offset, `not JSON: ${cause instanceof Error ? cause.message : cause}`);
  }
}

function lastLine(content: Buffer): Buffer {
  return Buffer.from(`crc32 ${crc32(content).toString(16).padStart(8, '0')}\n`);
}

function printable(bytes: Buffer): string {
  return JSON.stringify(bytes.toString('latin1'));
}

function corrupt(path: string, offset: number, problem: string): VamanaError {
  return new VamanaError('CORRUPT', `${path}: at byte ${offset}: ${problem}; restore a copy of the collection`);
}
