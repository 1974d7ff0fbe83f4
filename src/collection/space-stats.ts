// What the engines of a collection's vector spaces say of themselves, added up. Called by Collection.status.
import type { NativeStoreStats } from '../binding.js';
import type { VectorSpace } from './vector-space.js';

/** How vectors are read is the same for all spaces but where the files of one do not allow it: that of the first. */
export function statsOf(
  spaces: readonly Pick<VectorSpace, 'store'>[],
): Pick<NativeStoreStats, 'memory' | 'cache' | 'io'> {
  const [first, ...others] = spaces.map(({ store }) => store.stats()) as [NativeStoreStats, ...NativeStoreStats[]];
  const memory = { ...first.memory };
  const cache = { ...first.cache };
  for (const other of others) {
    for (const part of MEMORY_PARTS) memory[part] += other.memory[part];
    memory.locked &&= other.memory.locked;
    for (const part of CACHE_PARTS) cache[part] += other.cache[part];
  }
  return { memory, cache, io: first.io };
}

const MEMORY_PARTS = ['graph', 'codes', 'rows', 'deltas', 'cache', 'mapped'] as const;
const CACHE_PARTS = ['capacityBytes', 'usedBytes', 'hits', 'misses'] as const;
