// The authority on the bytes of `manifest-<version>.vm`: a sealed JSON document (disk/sealed-text.ts) whose first
// line is "vamana-manifest <format version>".
//
// A file is valid iff its seal holds; it is of the format version that its members ask for (1; 2 where there are retired
// generations; 3 where vectors have names); the document keeps every invariant of manifest.ts; and its version is that of
// the file's name.
import { isDeepStrictEqual } from 'node:util';
import { type SealedFormat, seal, sealedCorrupt, unseal } from '../disk/sealed-text.js';
import { VamanaError } from '../errors.js';
import { checkManifest, MANIFEST_FORMAT_VERSION, type Manifest } from './manifest.js';

const FORMAT: SealedFormat = {
  name: 'vamana-manifest',
  version: MANIFEST_FORMAT_VERSION,
  advice: 'restore a copy of the collection',
};

/** INTERNAL when an invariant does not hold or the configuration is not plain JSON. */
export function encodeManifest(manifest: Manifest<unknown>): Buffer {
  const where = `manifest ${manifest.version}`;
  checkManifest(manifest, 'INTERNAL', where);
  if (!isDeepStrictEqual(JSON.parse(JSON.stringify(manifest)), manifest)) {
    throw new VamanaError('INTERNAL', `${where}: the configuration is not plain JSON: it would be read as another`);
  }
  return seal(manifest, { ...FORMAT, version: manifest.formatVersion });
}

/** CORRUPT or TOO_NEW, with `path`. */
export function decodeManifest<Config>(bytes: Buffer, path: string, version: number): Manifest<Config> {
  const manifest = unseal(bytes, path, FORMAT);
  checkManifest<Config>(manifest, 'CORRUPT', path);
  if (manifest.version === version) return manifest;
  throw sealedCorrupt(path, 0, `it is version ${manifest.version}, which its name does not say`, FORMAT);
}
