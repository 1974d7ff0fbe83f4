// What `verify` looks at, for tests: the files of a collection that nobody has open, and one that is open, against each
// other. Throws with what is wrong.
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { CollectionPaths, DatabasePaths } from '../src/disk/file-names.js';
import { nodeStorage } from '../src/disk/node-storage.js';
import { type Collection, type Point, verifyIndex } from '../src/index.js';
import type { Manifest } from '../src/manifest/manifest.js';
import { ManifestStore } from '../src/manifest/manifest-store.js';
import { checkMeta } from '../src/meta/check-meta.js';
import { openMetaStore } from '../src/meta/meta-store.js';

/** Of a closed collection: no leftovers, sound segments, metadata that agrees with itself and knows all that is flushed. */
export async function checkFiles(databaseDir: string, name: string): Promise<void> {
  const paths = new CollectionPaths(new DatabasePaths(databaseDir).collection(name));
  const { current } = await ManifestStore.open<unknown>(nodeStorage, paths.dir);
  const folders = (await readdir(paths.segmentsDir)).sort();
  const retired = (current.retired ?? []).flatMap((generation) => generation.segments);
  const named = [...current.segments, ...retired].map(({ number }) => String(number));
  assert.deepEqual(folders, named.sort(), 'folders of segments');
  for (const folder of [paths.walDir, paths.metaDir]) {
    const left = (await readdir(folder)).filter((file) => file.includes('.tmp'));
    assert.deepEqual(left, [], `temporary files in ${folder}`);
  }
  // That of a manifest goes with the next publication.
  const manifests = (await readdir(paths.dir)).filter((file) => file.startsWith('manifest-'));
  assert.ok(manifests.length <= 4, `manifests: ${manifests}`);
  for (const { number } of current.segments) {
    const report = await verifyIndex(paths.segment(number), { threads: 1 });
    assert.deepEqual(report.problems, [], `segment ${number}`);
  }
  await checkMetadata(paths, current);
}

async function checkMetadata(paths: CollectionPaths, manifest: Manifest<unknown>): Promise<void> {
  const meta = openMetaStore(paths.metaDir, { reserveBytes: 0 });
  try {
    const snapshot = meta.snapshot();
    const problems: string[] = [];
    for await (const { message } of checkMeta(snapshot)) problems.push(message);
    snapshot.release();
    assert.deepEqual(problems, [], 'metadata');
    assert.ok(meta.state.appliedSeq >= manifest.flushedSeq, 'metadata behind the segments');
    const last = Math.max(-1, ...manifest.segments.map(({ lastRow }) => lastRow));
    assert.ok(meta.state.nextRow > last, `next row ${meta.state.nextRow}, but row ${last} is in a segment`);
  } finally {
    await meta.close();
  }
}

/** Every live point with its vector, in the order of ids; the counts agree. */
export async function readAllPoints(collection: Collection): Promise<Point[]> {
  const points: Point[] = [];
  for await (const point of collection.scroll({ withVector: true })) points.push(point);
  assert.equal(collection.count(), points.length, 'count()');
  assert.equal(collection.status().points, points.length, 'status().points');
  return points;
}

/** That one search may ask for. */
const MOST_HITS = 10_000;

/** Searches find all of the points and nothing else, each at most once and in its one version. */
export async function checkSearches(collection: Collection, points: readonly Point[]): Promise<void> {
  const first = points[0]?.vector;
  if (first === undefined) return;
  const versions = new Map(points.map(({ id, version }) => [id, version]));
  for (const exact of [true, false]) {
    const k = Math.min(points.length + 5, MOST_HITS);
    const hits = await collection.search(Float32Array.from(first), { k, listSize: Math.max(64, k), exact });
    assert.equal(new Set(hits.map(({ id }) => id)).size, hits.length, 'a point was found twice');
    for (const { id, version } of hits) assert.equal(version, versions.get(id), `version of point ${id}`);
    const share = hits.length / Math.min(points.length, k);
    assert.ok(exact ? share === 1 : share >= 0.95, `found ${hits.length} of ${points.length}, k ${k}, exact ${exact}`);
  }
}
