// Whatever is sent to each route of `vamana serve`: it is answered, never with a failure of the service (5xx), and the
// service goes on. Every row of the table of routes has its own runs. Bodies are JSON that looks like what the route
// takes, any JSON, text, and bytes, some of them so long that a thread reads them; parts of paths and queries are
// anything. VAMANA_FUZZ_RUNS asks for more than the few of `npm test`, VAMANA_FUZZ_SEED for the same again; a failure
// prints its seed. That memory stays what it is meanwhile is test/long/service-memory.ts.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LARGE_JSON_BYTES, type Route } from '../src/http/route.js';
import { ROUTES } from '../src/http/routes.js';
import { type ServiceProcess, startServiceProcess } from './service-process.js';
import { temporaryFolder } from './vector-files.js';

const folder = temporaryFolder();
const numRuns = Number(process.env.VAMANA_FUZZ_RUNS ?? 1200);
const seed = Number(process.env.VAMANA_FUZZ_SEED ?? Date.now() % 2 ** 31);
let service: ServiceProcess;

beforeAll(async () => {
  service = await startServiceProcess(folder.file('data'), { VAMANA__LIMITS__BODY_BYTES: '1000000' });
  await service.call('PUT', '/collections/fuzzed', { vectors: { size: 2, distance: 'Euclid' } });
  const points = [1, 2, 3, 4].map((id) => ({ id, vector: [id, 0], payload: { n: id, nested: { a: [id] } } }));
  expect((await service.call('PUT', '/collections/fuzzed/points', { points })).status).toBe(200);
});
afterAll(() => service.stop('SIGKILL'));

const scalar = fc.oneof(
  fc.integer(),
  fc.double(),
  fc.string({ maxLength: 5 }),
  fc.constantFrom(null, true, [1, 2], [], {}, 1e300, '18446744073709551615', 'n', 'nested.a[]'),
);
const names = [
  ...['points', 'ids', 'query', 'vector', 'limit', 'offset', 'filter', 'prefetch', 'params', 'payload', 'keys'],
  ...['operations', 'searches', 'actions', 'vectors', 'positive', 'negative', 'strategy', 'with_payload', 'batch'],
  ...['with_vector', 'score_threshold', 'lookup_from', 'using', 'location', 'checksum', 'key', 'must', 'should'],
  ...['must_not', 'min_should', 'match', 'range', 'order_by', 'group_by', 'field_name', 'field_schema', 'update_mode'],
];
const inner = [
  ...['id', 'vector', 'fusion', 'rrf', 'nearest', 'recommend', 'sample', 'upsert', 'delete', 'create_alias', 'size'],
  ...['distance', 'hnsw_ef', 'exact', 'ids', 'include', 'must', 'key', 'match', 'any', 'value', 'gte', 'has_id'],
  ...['collection', 'payload', 'vectors', 'payloads', 'positive', 'strategy', 'limit', 'query', 'points'],
];
const nested = fc.dictionary(fc.constantFrom(...inner), fc.oneof(scalar, fc.array(scalar, { maxLength: 3 })));
const looksRight = fc.dictionary(
  fc.constantFrom(...names),
  fc.oneof(scalar, fc.array(fc.oneof(scalar, nested), { maxLength: 3 }), nested),
);
const short = fc.oneof(
  looksRight.map((value) => JSON.stringify(value)),
  fc.json({ maxDepth: 4 }),
  fc.string({ maxLength: 60 }),
  fc.uint8Array({ maxLength: 80 }),
);
const body = fc.oneof(
  { weight: 30, arbitrary: short },
  { weight: 1, arbitrary: looksRight.map((value) => JSON.stringify(value) + ' '.repeat(LARGE_JSON_BYTES)) },
);
const part = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('fuzzed', '1', '550e8400-e29b-41d4-a716-446655440000') },
  fc.string({ minLength: 1, maxLength: 12 }).map((text) => encodeURIComponent(text)),
  fc.constantFrom('..%2f..', '%00', '.', '%2e%2e', '18446744073709551616', '%ff'),
);
const query = fc.dictionary(
  fc.constantFrom('wait', 'timeout', 'cost', 'checksum', 'priority', 'consistency'),
  fc.oneof(fc.constantFrom('true', 'false', '1', ''), fc.string({ maxLength: 8 })),
  { maxKeys: 2 },
);
const type = fc.constantFrom(
  'application/json',
  'application/octet-stream',
  'multipart/form-data; boundary=x',
  'text/plain',
  'x',
);

// Each a part of the runs that were asked for.
const runsEach = Math.max(4, Math.ceil(numRuns / ROUTES.length));

describe(`the service, whatever is sent (seed ${seed})`, () => {
  it.each(ROUTES.map((route) => [`${route.method} ${route.path}`, route] as const))(
    'answers at %s',
    { timeout: 60_000 + 200 * runsEach },
    async (_name, route) => {
      const sent = fc.record({ parts: fc.array(part), body, query, type });
      await fc.assert(
        fc.asyncProperty(sent, async ({ parts, ...rest }) => {
          const url = urlOf(route, parts, rest.query);
          const withBody = route.method === 'GET' ? undefined : rest.body;
          const { status, text } = await service.call(route.method, url, withBody, { 'content-type': rest.type });
          // A job that an earlier run began is not a failure.
          if (status === 503 && /job \d+ \(\w+\) is running; wait for it/.test(text)) return;
          if (status >= 500 || status < 200) throw new Error(`${route.method} ${url}: ${status} ${text}`);
        }),
        { numRuns: runsEach, seed },
      );
    },
  );

  it('goes on', async () => {
    expect((await service.call('GET', '/readyz')).status).toBe(200);
    expect((await service.call('GET', '/collections/fuzzed/exists')).body.result.exists).toBe(true);
    expect(service.child.exitCode).toBeNull();
  });
});

function urlOf({ path, method }: Route, parts: readonly string[], query: Record<string, string>): string {
  let next = 0;
  // What makes and drops collections has another one, so that the one that is fuzzed stays what it is.
  const isWhole = path === '/collections/:collection' && method !== 'GET';
  const filled = path.replace(/:\w+/g, () => {
    const found = parts[next] ?? 'fuzzed';
    next += 1;
    return isWhole && found === 'fuzzed' ? 'made' : found;
  });
  return `${filled}?${new URLSearchParams(query)}`;
}
