// What a route is: a row of a table that says what it does, who may, and how it is answered. The server is made from
// these rows and so are docs/compatibility.md and the OpenAPI document, so neither can say what the others do not.
import type { Logger } from 'pino';
import type { Collection } from '../collection/collection.js';
import type { Database } from '../database/database.js';
import type { Admission } from './admission.js';
import type { Access, Grant } from './auth.js';
import type { BulkPool } from './bulk-pool.js';
import { Fields } from './fields.js';
import type { LoopDelay } from './loop-delay.js';
import type { ServiceMetrics } from './metrics.js';
import type { OpenCollections } from './open-collections.js';
import type { BodyReader } from './read-body.js';
import type { ServiceConfig } from './service-config.js';
import type { SnapshotStore } from './snapshot-store.js';
import type { RequestTrace, Traces } from './traces.js';
import { notSupported } from './wire-error.js';
import type { WireRegistry } from './wire-registry.js';

/** What routes work on. */
export interface ServiceParts {
  config: ServiceConfig;
  /** All there are. */
  routes: readonly Route[];
  database: Database;
  open: OpenCollections;
  registry: WireRegistry;
  metrics: ServiceMetrics;
  admission: Admission;
  bodies: BodyReader;
  loop: LoopDelay;
  snapshots: SnapshotStore;
  /** Null where none are wanted. */
  traces: Traces | null;
  bulk: BulkPool;
  logger: Logger;
  /** Set as the service ends. */
  state: { stopping: boolean };
}

export interface WireRequest {
  parts: ServiceParts;
  grant: Grant;
  /** The `{name}` parts of the path. */
  params: Readonly<Record<string, string>>;
  query: Fields;
  /** Parsed JSON; the bytes, or the stream, where the route asks for those. */
  body: unknown;
  /** Members that go beside the result. */
  beside: Record<string, unknown>;
  /** Of the body; empty where the client did not say. */
  contentType: string;
  /** Where it is traced. */
  trace: RequestTrace | undefined;
  /** Aborted when the client goes away or the time is up. */
  signal: AbortSignal;
}

/** Past this points to be written are not read on the event loop, which would be held up for milliseconds. */
export const LARGE_BODY_BYTES = 128 * 1024;
/** The same of all other JSON, of which less is made: a batch of a hundred queries is read sooner where it is. */
export const LARGE_JSON_BYTES = 256 * 1024;

export interface Route {
  method: 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE';
  /** As fastify has it; `:collection` is the one that access is asked for. */
  path: string;
  title: string;
  access: Access;
  /** `bare` answers go out as they are, without the envelope; a string then as text. */
  bare?: true;
  /**
   * What is not read as JSON: `bytes` of any kind, or a `stream` that the handler reads itself; `bulk` is JSON that stays
   * bytes where it is large.
   */
  takes?: 'bytes' | 'stream' | 'bulk';
  /** Works for as long as it takes, and takes no place from those that are to be quick. */
  long?: true;
  /** Answered however much there is to do: what tells how much that is. */
  always?: true;
  /** What it does not do, for the table of compatibility; of a route that is refused, why. */
  note?: string;
  refused?: true;
  handle: (request: WireRequest) => unknown;
}

export function refusedRoute(route: Pick<Route, 'method' | 'path' | 'title' | 'access'>, instead: string): Route {
  const handle = (): never => {
    throw notSupported(route.title, instead);
  };
  return { ...route, note: instead, refused: true, handle };
}

/** As documents write it. */
export function wirePath({ path }: Pick<Route, 'path'>): string {
  return path.replace(/:(\w+)/g, '{$1}');
}

/** The name in the path, or what it is an alias of. */
export function collectionName({ params, parts }: WireRequest): string {
  return parts.registry.resolve(params.collection as string);
}

export function useCollection<T>(request: WireRequest, work: (collection: Collection) => Promise<T> | T): Promise<T> {
  return request.parts.open.use(collectionName(request), work);
}

export function bodyOf(request: WireRequest): Fields {
  return Fields.of(request.body);
}
