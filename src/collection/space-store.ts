// The engine of one vector space, made by its shape and by how the database runs. Called where collections are opened, and
// where spaces are added to them.
import { loadNative, type NativeStore } from '../binding.js';
import type { Runtime } from '../config/runtime-options.js';
import type { Space } from '../config/spaces.js';

const DELTA_ALPHA_MAX = 2;

/** The cache is shared out among the spaces of a collection, as many as there are now. */
export function createStore(space: Space, { io, threads, ...runtime }: Runtime, spaces: number): NativeStore {
  const native = loadNative();
  const { dim, element, metric, degree, buildList, alpha } = space;
  const cacheBytes = Math.floor(runtime.cacheBytes / spaces);
  const { queueRequests } = native.constants.defaults;
  const delta = { degree, buildList, alpha: Math.min(alpha, DELTA_ALPHA_MAX) };
  return native.createStore({ dim, element, metric, io, threads, inFlight: 0, cacheBytes, queueRequests, delta });
}
