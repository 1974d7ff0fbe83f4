// Vector spaces that come and go while a collection is searched and written, and which of them is asked by default. Each
// change is one edit of the manifest, between two groups of writes: after a crash it has happened or it has not.
//
// A space that is added is empty: points get their vectors there by writes that name it, and by a backfill
// (backfill-space.ts). One that is dropped goes with its segments, retired ones included; what the log and the metadata
// still say of it is nobody's, since its number is never given again.
import { rm } from 'node:fs/promises';
import type { CommitQueue } from '../commit-queue/commit-queue.js';
import { type CollectionConfig, resolveSpace, type SpaceOptions } from '../config/collection-config.js';
import type { Runtime } from '../config/runtime-options.js';
import { FIRST_SPACE, spaceOf, spacesOf, withDefaultSpace, withNewSpace, withoutSpace } from '../config/spaces.js';
import type { CollectionPaths } from '../disk/file-names.js';
import type { SegmentEntry } from '../manifest/manifest.js';
import { applyEdit, type ManifestEdit } from '../manifest/manifest-edit.js';
import type { ManifestStore } from '../manifest/manifest-store.js';
import type { MetaStore } from '../meta/meta-store.js';
import { CollectionSnapshot, type SnapshotCell } from '../snapshot/collection-snapshot.js';
import type { Generations } from './generations.js';
import type { Parts } from './parts.js';
import { createStore } from './space-store.js';
import { VectorSpace } from './vector-space.js';

export interface SpaceChangesTarget {
  paths: CollectionPaths;
  manifests: ManifestStore<CollectionConfig>;
  runtime: Runtime;
  parts: Parts;
  snapshots: SnapshotCell;
  meta: MetaStore;
  queue: CommitQueue;
  generations: Generations;
  /** Throws BUSY while a merge runs. */
  requireIdle(what: string): void;
  /** Writes all fresh rows as segments. */
  flush(): Promise<void>;
  /** Hears when spaces came or went. */
  onChange(): void;
}

export class SpaceChanges {
  constructor(private readonly target: SpaceChangesTarget) {}

  /** ALREADY_EXISTS, INVALID_ARGUMENT (naming the option), IO, DISK_FULL, CLOSED. */
  async add(name: string, options: SpaceOptions): Promise<void> {
    const { queue, manifests, runtime, parts, snapshots, meta } = this.target;
    const added = resolveSpace(options, `spaces.${name}.`);
    await queue.run(async () => {
      const config = withNewSpace(manifests.current.config, name, added);
      const shape = spaceOf(config, name);
      const store = createStore(shape, runtime, parts.spaces.length + 1);
      try {
        await manifests.publish(applyEdit(manifests.current, { config }));
        const space = new VectorSpace(shape, store, [], store.createDelta());
        const before = snapshots.peek();
        const dead = meta.snapshot();
        const natives = parts.spaces.map((other) => [other.number, before.native(other.number).next({})] as const);
        const own = store.createSnapshot({ ...space.parts, dead: dead.deadRows() });
        dead.release();
        parts.spaces = [...parts.spaces, space];
        snapshots.publish(new CollectionSnapshot(new Map([...natives, [space.number, own]]), meta.snapshot()));
        this.target.onChange();
      } catch (error) {
        await store.close();
        throw error;
      }
    });
  }

  /** INVALID_ARGUMENT (no such space, or the default one), BUSY (a merge is running), IO, DISK_FULL, CLOSED. */
  async drop(name: string): Promise<void> {
    const { queue, manifests, parts } = this.target;
    withoutSpace(manifests.current.config, name);
    // Until no delta of it is being written: whatever comes meanwhile is flushed once more.
    for (let dropped = false; !dropped; ) {
      this.target.requireIdle('drop a vector space');
      await this.target.flush();
      dropped = await queue.run(async () => {
        this.target.requireIdle('drop a vector space');
        if (parts.frozen.length > 0) return false;
        await this.dropAlone(name);
        return true;
      });
    }
  }

  /** INVALID_ARGUMENT, IO, DISK_FULL, CLOSED. Searches that name no space and begin afterwards ask this one. */
  setDefault(name: string): Promise<void> {
    const { queue, manifests, parts } = this.target;
    return queue.run(async () => {
      const config = withDefaultSpace(manifests.current.config, name);
      await manifests.publish(applyEdit(manifests.current, { config }));
      parts.spaces = spacesOf(config).map(({ number }) => parts.of(number));
    });
  }

  private async dropAlone(name: string): Promise<void> {
    const { manifests, parts, snapshots, meta, paths, generations } = this.target;
    const { config, segments, retired = [] } = manifests.current;
    const space = parts.of(spaceOf(config, name).number);
    const isOfIt = (entry: SegmentEntry): boolean => (entry.space ?? FIRST_SPACE) === space.number;
    const gone = segments.filter(isOfIt);
    const retiredGone = retired.filter((generation) => generation.segments.some(isOfIt));
    const edit: ManifestEdit<CollectionConfig> = {
      config: withoutSpace(config, name),
      removeSegments: gone.map(({ number }) => number),
      retired: retired.filter((generation) => !retiredGone.includes(generation)),
    };
    await manifests.publish(applyEdit(manifests.current, edit));
    parts.spaces = parts.spaces.filter((other) => other !== space);
    snapshots.publish(parts.afterExchange(snapshots.peek(), meta.snapshot()));
    this.target.onChange();
    space.closeParts();
    await space.store.close();
    if (generations.isHeld) return;
    for (const { number } of [...gone, ...retiredGone.flatMap((generation) => generation.segments)]) {
      // What is left is removed at the next opening.
      await rm(paths.segment(number), { recursive: true, force: true }).catch(() => undefined);
    }
  }
}
