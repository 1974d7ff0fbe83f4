// A collection made of a snapshot's archive: unpacked beside the snapshots, verified byte by byte, and put in the place
// of the collection of that name, if there is one, by one rename. Until then nothing is changed. Called by
// snapshot-routes.ts.
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SNAPSHOT_FOLDER, sumArchive, unpackArchive } from '../backup/archive.js';
import { VamanaError } from '../errors.js';
import { isObject } from './fields.js';
import type { ServiceParts } from './route.js';
import { WIRE_NOTES } from './snapshot-store.js';
import { badRequest, notFound, notSupported } from './wire-error.js';
import { PLAIN_COLLECTION, type WireCollection } from './wire-registry.js';

/** The path of a `file://` location. 400 for any other, 404 when nothing is there. */
export async function locate(location: string): Promise<{ path: string; isFolder: boolean }> {
  if (/^https?:/i.test(location)) throw notSupported('a snapshot by its URL', 'download it, and upload it here');
  let path: string;
  try {
    path = fileURLToPath(location);
  } catch {
    throw badRequest(`location: found ${JSON.stringify(location.slice(0, 200))}, expected file:///...`);
  }
  try {
    const stats = await stat(path);
    if (stats.isFile() || stats.isDirectory()) return { path, isFolder: stats.isDirectory() };
  } catch {
    // Told below, in the same words as what is neither.
  }
  throw notFound(`Snapshot file ${path} does not exist`);
}

/** 400 unless the sum of the file is the one given. */
export function requireChecksum(found: string, expected: string | undefined): void {
  if (expected === undefined || found === expected.toLowerCase()) return;
  throw badRequest(`Snapshot checksum mismatch: expected ${expected}, found ${found}`);
}

export async function recoverArchive(
  parts: ServiceParts,
  name: string,
  path: string,
  checksum: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  if (checksum !== undefined) requireChecksum((await sumArchive(path, signal)).sha256, checksum);
  await parts.snapshots.inTemporary(name, async (temporary) => {
    const unpacked = join(temporary, 'unpacked');
    try {
      await unpackArchive(path, unpacked);
      const wire = await readNotes(join(unpacked, WIRE_NOTES));
      await recoverFolder(parts, name, join(unpacked, SNAPSHOT_FOLDER), wire, signal);
    } catch (error) {
      throw asBadSnapshot(error, path);
    }
  });
}

/** A snapshot's folder, as `vamana snapshot` makes it. */
export async function recoverFolder(
  { registry, database }: ServiceParts,
  name: string,
  folder: string,
  wire: WireCollection | undefined,
  signal: AbortSignal,
): Promise<void> {
  const before = registry.known(name);
  // First the entry, as when a collection is made; what a failure leaves is what there was.
  await registry.setCollection(name, wire ?? before ?? PLAIN_COLLECTION);
  try {
    await database.restoreCollection(name, folder, { replace: true, signal });
  } catch (error) {
    if (before !== undefined) await registry.setCollection(name, before);
    else if (!(await database.listCollections()).includes(name)) await registry.removeCollection(name);
    throw asBadSnapshot(error, folder);
  }
}

/** What is wrong with a snapshot is the fault of who sent it; where it was unpacked is nobody's business. */
function asBadSnapshot(error: unknown, place: string): unknown {
  if (!(error instanceof VamanaError)) return error;
  if (!['CORRUPT', 'TOO_NEW', 'TOO_OLD', 'NOT_FOUND'].includes(error.code)) return error;
  const found = error.message.replaceAll(`${place}/`, '').replaceAll(place, 'it');
  return badRequest(`the snapshot cannot be used: ${found}`);
}

// None in an archive that was packed by hand.
async function readNotes(path: string): Promise<WireCollection | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    const notes: unknown = JSON.parse(text);
    if (isObject(notes) && typeof notes.vectorName === 'string' && isObject(notes.asked)) {
      return { vectorName: notes.vectorName, asked: notes.asked };
    }
  } catch {
    // Told below.
  }
  throw badRequest(`the snapshot cannot be used: ${WIRE_NOTES} in it names no vector`);
}
