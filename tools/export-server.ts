// `vamana export` to a collection of a server with the REST API of Qdrant, which is made when it is missing.
import type { Space } from '../src/config/spaces.js';
import { VamanaError } from '../src/errors.js';
import type { PointId, PointVector } from '../src/index.js';
import type { ExportTarget } from './export-file.js';
import type { RemoteCollection, RemoteInfo } from './remote-collection.js';

/** Numbers of a request: about 10 MB of JSON, where servers take 32 by default. */
const REQUEST_NUMBERS = 2 ** 20;

/** INVALID_ARGUMENT when it is there with another dimension or metric. */
export async function openServerTarget(
  name: string,
  space: Pick<Space, 'dim' | 'metric' | 'element'>,
  remote: RemoteCollection,
): Promise<ExportTarget> {
  const { dim, metric } = space;
  let info = await remote.info();
  if (info === undefined) {
    await remote.create(space);
    info = (await remote.info()) as RemoteInfo;
  }
  if (info.config.dim !== dim || info.config.metric !== metric) {
    const found = `it has dimension ${info.config.dim} and metric ${info.config.metric}`;
    throw new VamanaError('INVALID_ARGUMENT', `${remote.url}: ${found}; ${name} has ${dim} and ${metric}`);
  }
  const target = info;
  const most = Math.max(1, Math.floor(REQUEST_NUMBERS / dim));
  return {
    async write(points) {
      const wire = points.map(({ id, vector, payload }) => {
        return { id: id as PointId, vector: vector as PointVector, payload: payload ?? null };
      });
      for (let at = 0; at < wire.length; at += most) await remote.upsert(wire.slice(at, at + most), target);
    },
    finish: async () => ({}),
    abort: async () => undefined,
  };
}
