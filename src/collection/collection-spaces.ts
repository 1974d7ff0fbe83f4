// The vector spaces of an open collection: they come and go while it is searched and written, are filled, compared, and
// one of them is asked by default. Each change is one edit of the manifest, between two groups of writes: after a crash
// it has happened or it has not. What Collection.spaces is.
//
// A space that is added is empty: points get their vectors there by writes that name it, and by a backfill
// (backfill-space.ts). One that is dropped goes with its segments, retired ones included; what the log and the metadata
// still say of it is nobody's, since its number is never given again.
import type { NativeSnapshot } from '../binding.js';
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
import type { WalWriter } from '../wal/wal-writer.js';
import { type BackfillOptions, type BackfillProgress, type BackfillSource, backfillSpace } from './backfill-space.js';
import type { SpaceStatus } from './collection-options.js';
import {
  type CompareSpacesOptions,
  type CompareTarget,
  compareSpaces,
  type SpaceComparison,
} from './compare-spaces.js';
import type { Generations } from './generations.js';
import type { Parts } from './parts.js';
import { createStore } from './space-store.js';
import { VectorSpace } from './vector-space.js';

export interface CollectionSpacesTarget {
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
  wal: WalWriter;
  reads: CompareTarget;
}

/** None that died is in a space that is empty, and those that die later are told to it. */
const NO_ROWS = new Uint32Array(0);

export class CollectionSpaces {
  /** @internal Use Collection.spaces. */
  constructor(private readonly target: CollectionSpacesTarget) {}

  /**
   * A vector of one more name, which no point has yet: writes that name it give it to points, and `backfill` does. From
   * then on points may lack any of their vectors, and are answered with `vectors` by name.
   *
   * @throws VamanaError ALREADY_EXISTS, INVALID_ARGUMENT (naming the option), DISK_FULL, IO, CLOSED.
   */
  async add(name: string, options: SpaceOptions): Promise<void> {
    const { queue, manifests, runtime, parts } = this.target;
    const added = resolveSpace(options, `spaces.${name}.`);
    await queue.run(async () => {
      const config = withNewSpace(manifests.current.config, name, added);
      const shape = spaceOf(config, name);
      const store = createStore(shape, runtime, parts.spaces.length + 1);
      try {
        const space = new VectorSpace(shape, store, [], store.createDelta());
        const native = store.createSnapshot({ ...space.parts, dead: NO_ROWS });
        await manifests.publish(applyEdit(manifests.current, { config }));
        this.publishWith(space, native);
      } catch (error) {
        await store.close();
        throw error;
      }
    });
  }

  /**
   * Removes the vectors of one name with all that is built of them; points stay. Writes the fresh rows first.
   *
   * @throws VamanaError INVALID_ARGUMENT (no such vector, or the default one), BUSY (a merge is running), DISK_FULL, IO,
   *   CLOSED.
   */
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

  /**
   * Searches that name no vector and begin afterwards ask this one. Over the wire these are refused until a default was
   * chosen so; `chosen: false` leaves that as it is where none was. INVALID_ARGUMENT, DISK_FULL, IO, CLOSED.
   */
  setDefault(name: string, { chosen = true } = {}): Promise<void> {
    const { queue, manifests, parts } = this.target;
    return queue.run(async () => {
      const before = manifests.current.config;
      const config = withDefaultSpace(before, name, chosen || before.spaces?.default.chosen === true);
      await manifests.publish(applyEdit(manifests.current, { config }));
      parts.spaces = spacesOf(config).map(({ number }) => parts.of(number));
    });
  }

  /**
   * Gives points that were there before a space their vectors in it; goes on where an earlier run came to. See
   * src/collection/backfill-space.ts.
   *
   * @throws VamanaError INVALID_ARGUMENT, NOT_FINITE, ABORTED (what was written stays), DISK_FULL, IO, BUSY, CLOSED.
   */
  backfill(name: string, source: BackfillSource, options: BackfillOptions = {}): Promise<BackfillProgress> {
    return backfillSpace(this.target, name, source, options);
  }

  /** How alike two spaces answer, and how well each; see src/collection/compare-spaces.ts. INVALID_ARGUMENT, CLOSED. */
  async compare(a: string, b: string, options: CompareSpacesOptions = {}): Promise<SpaceComparison> {
    for (const name of [a, b]) spaceOf(this.target.manifests.current.config, name);
    return compareSpaces(this.target.reads, [a, b], options);
  }

  /** The default one first. */
  status(): SpaceStatus[] {
    const { manifests, parts } = this.target;
    const { config, segments } = manifests.current;
    return spacesOf(config).map(({ name, number, dim, metric, element, model }, at) => {
      const own = segments.filter((segment) => (segment.space ?? FIRST_SPACE) === number);
      const deltas = parts.of(number).deltas.map((delta) => delta.stats());
      return {
        name,
        isDefault: at === 0,
        ...{ dim, metric, element },
        ...(model === undefined ? {} : { model }),
        segments: own.map((segment) => segment.number),
        segmentRows: own.reduce((sum, { rows }) => sum + rows, 0),
        freshRows: deltas.reduce((sum, { rows }) => sum + rows, 0),
      };
    });
  }

  private publishWith(space: VectorSpace, native: NativeSnapshot): void {
    const { parts, snapshots, meta, onChange } = this.target;
    const before = snapshots.peek();
    const others = parts.spaces.map((other) => [other.number, before.native(other.number).next({})] as const);
    parts.spaces = [...parts.spaces, space];
    snapshots.publish(new CollectionSnapshot(new Map([...others, [space.number, native]]), meta.snapshot()));
    onChange();
  }

  private async dropAlone(name: string): Promise<void> {
    const { manifests, parts, snapshots, meta, generations } = this.target;
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
    const all = [...gone, ...retiredGone.flatMap((generation) => generation.segments)];
    await generations.removeFolders(all.map(({ number }) => number));
  }
}
