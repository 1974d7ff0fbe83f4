// What the service can be told: a file (YAML or JSON), then the environment (VAMANA__SECTION__KEY), then flags; the
// later wins. The table of settings below is all there is: an unknown name is refused, so that a misspelt one is not
// silently without effect. What came of it is printed at start, with secrets masked. Called by tools/serve.ts.
import { parse as parseYaml } from 'yaml';
import { VamanaError } from '../errors.js';

type Kind = 'text' | 'count' | 'flag';

interface Setting {
  kind: Kind;
  value: string | number | boolean | null;
  meaning: string;
  secret?: true;
}

const MIB = 1024 * 1024;

export const SETTINGS = {
  service: {
    host: { kind: 'text', value: '127.0.0.1', meaning: 'address to listen at' },
    port: { kind: 'count', value: 6333, meaning: 'port; 0 takes a free one' },
    api_key: { kind: 'text', value: null, meaning: 'key that allows everything; signs JSON web tokens', secret: true },
    read_only_api_key: { kind: 'text', value: null, meaning: 'key that allows reading', secret: true },
    jwt_rbac: { kind: 'flag', value: false, meaning: 'take HS256 tokens signed with api_key' },
    insecure: { kind: 'flag', value: false, meaning: 'listen beyond loopback without a key' },
    tls_cert: { kind: 'text', value: null, meaning: 'PEM file of the certificate; with tls_key, serves HTTPS' },
    tls_key: { kind: 'text', value: null, meaning: 'PEM file of its key' },
    enable_cors: { kind: 'flag', value: false, meaning: 'let pages of any origin call the service' },
    version: { kind: 'text', value: '1.18.0', meaning: 'version of Qdrant that clients are told' },
    shutdown_seconds: { kind: 'count', value: 30, meaning: 'time for requests in flight when stopping' },
    poll_us: {
      kind: 'count',
      value: 2000,
      meaning: 'longest wait for a single search in which the service stays awake; 0 for never',
    },
  },
  storage: {
    data_dir: { kind: 'text', value: './data', meaning: 'folder of the database' },
    snapshots_dir: { kind: 'text', value: null, meaning: 'folder of snapshots; snapshots in data_dir by default' },
    sync: { kind: 'text', value: 'always', meaning: 'always, none, or milliseconds between syncs' },
    io: { kind: 'text', value: 'auto', meaning: 'how vectors are read: auto, uring, pread, mmap' },
    threads: { kind: 'count', value: 0, meaning: 'search threads a collection; 0 is one a processor' },
    cache_bytes: { kind: 'count', value: 64_000_000, meaning: "bytes of a collection's page cache" },
    open_collections: { kind: 'count', value: 64, meaning: 'collections kept open; the idle longest is closed first' },
    memory_bytes: {
      kind: 'count',
      value: 0,
      meaning: 'memory of open collections; idle ones are closed; 0 is no limit',
    },
    string_ids: { kind: 'flag', value: false, meaning: 'new collections take any string as an id' },
  },
  limits: {
    body_bytes: { kind: 'count', value: 32 * MIB, meaning: 'bytes of a body' },
    points: { kind: 'count', value: 100_000, meaning: 'points, or ids, of one request' },
    results: { kind: 'count', value: 10_000, meaning: 'limit and offset of one request, together' },
    queries: { kind: 'count', value: 1000, meaning: 'queries of a batch' },
    json_values: {
      kind: 'count',
      value: 250_000,
      meaning: 'values of a large body that are neither vectors nor points to be written',
    },
    prefetch_depth: { kind: 'count', value: 16, meaning: 'nesting of prefetches' },
    timeout_seconds: { kind: 'count', value: 60, meaning: 'time for a search' },
    body_seconds: { kind: 'count', value: 60, meaning: 'time for a body to arrive' },
    bodies_bytes: { kind: 'count', value: 256 * MIB, meaning: 'bytes of all bodies that are being worked on' },
    upload_bytes: { kind: 'count', value: 64 * 1024 * MIB, meaning: 'bytes of a snapshot that is uploaded' },
    requests: { kind: 'count', value: 512, meaning: 'requests at work or waiting; more are answered 503' },
    concurrency: { kind: 'count', value: 64, meaning: 'requests that read, and that write, at work at once' },
    queue_ms: {
      kind: 'count',
      value: 1000,
      meaning: 'longest wait for a place; who would wait longer is answered 503',
    },
    filter_scan_points: {
      kind: 'count',
      value: 0,
      meaning: 'payloads that a filter may read for want of an index; 0 is no limit',
    },
    requests_per_second: { kind: 'count', value: 0, meaning: 'of one key or address; 0 is no limit' },
  },
  traces: {
    endpoint: {
      kind: 'text',
      value: null,
      meaning: 'where spans go, by OTLP over HTTP: http://127.0.0.1:4318/v1/traces, say; none are made by default',
    },
    percent: { kind: 'count', value: 100, meaning: 'of requests that are traced, unless their caller has decided' },
  },
  maintenance: {
    auto: { kind: 'flag', value: true, meaning: 'merge and rebuild when it is due' },
    check_seconds: { kind: 'count', value: 60, meaning: 'between two looks at whether it is' },
    health_seconds: { kind: 'count', value: 600, meaning: 'between two checks of canary recall' },
    grace_seconds: { kind: 'count', value: 3600, meaning: 'how long replaced segments are kept for a rollback' },
    retry_seconds: { kind: 'count', value: 600, meaning: 'after a job that failed, before the next begins by itself' },
    bytes_per_second: { kind: 'count', value: 0, meaning: 'of vectors that a job reads and writes; 0 is no limit' },
    operations_per_second: { kind: 'count', value: 0, meaning: 'of the same, of up to 128 KiB each; 0 is no limit' },
    cpu_percent: { kind: 'count', value: 100, meaning: "of the time of each of a job's threads; 1 to 100" },
    yield_to_searches: {
      kind: 'flag',
      value: true,
      meaning: 'jobs stand still while a search is in flight, and 2 ms after',
    },
    memory_limit: { kind: 'count', value: 0, meaning: 'bytes the process may take for a job; 0 is no limit' },
    p99_budget_ms: { kind: 'count', value: 100, meaning: 'a job pauses while searches are slower; 0 for never' },
    compact_cron: { kind: 'text', value: null, meaning: 'cron pattern of times at which all segments are merged' },
    rebuild_cron: { kind: 'text', value: null, meaning: 'cron pattern of times at which all is rebuilt' },
    health_cron: { kind: 'text', value: null, meaning: 'cron pattern of times at which the health is checked' },
    off_peak_cron: { kind: 'text', value: null, meaning: 'cron pattern of when large jobs may begin by themselves' },
    off_peak_minutes: { kind: 'count', value: 480, meaning: 'and for how long; they pause afterwards' },
    timezone: { kind: 'text', value: null, meaning: "time zone of all these; the system's by default" },
    most_segments: {
      kind: 'count',
      value: 200,
      meaning: 'segments at which writes wait for merges, and slow down from half on',
    },
  },
  log: {
    level: { kind: 'text', value: 'info', meaning: 'trace, debug, info, warn, error or silent' },
    slow_ms: { kind: 'count', value: 1000, meaning: 'requests that take longer are logged as slow' },
    audit: { kind: 'flag', value: true, meaning: 'log every call that makes, changes or drops a collection' },
  },
} as const satisfies Record<string, Record<string, Setting>>;

type ValueOf<S> = S extends { kind: 'count' } ? number : S extends { kind: 'flag' } ? boolean : TextOf<S>;
type TextOf<S> = S extends { value: null } ? string | null : string;

/** Section by section, as in the file. */
export type ServiceConfig = {
  [Section in keyof typeof SETTINGS]: {
    [Name in keyof (typeof SETTINGS)[Section]]: ValueOf<(typeof SETTINGS)[Section][Name]>;
  };
};

/** Values by section and name, of one source. */
export type Overrides = Record<string, Record<string, unknown>>;

export interface ConfigSources {
  file?: { path: string; text: string };
  environment?: Readonly<Record<string, string | undefined>>;
  flags?: Overrides;
}

const PREFIX = 'VAMANA__';

/** INVALID_ARGUMENT, naming the setting and where it was found. */
export function resolveServiceConfig({ file, environment = {}, flags = {} }: ConfigSources): ServiceConfig {
  const config: Overrides = {};
  for (const [section, settings] of Object.entries(SETTINGS)) {
    config[section] = Object.fromEntries(Object.entries(settings).map(([name, { value }]) => [name, value]));
  }
  if (file !== undefined) apply(config, readFile(file), file.path);
  apply(config, readEnvironment(environment), 'the environment');
  apply(config, flags, 'the flags');
  const resolved = config as unknown as ServiceConfig;
  requireConsistent(resolved);
  return resolved;
}

/** For printing: `section.name`, value. */
export function describeConfig(config: ServiceConfig): [name: string, value: unknown][] {
  return Object.entries(SETTINGS).flatMap(([section, settings]) =>
    Object.entries(settings as Record<string, Setting>).map(([name, { secret }]): [string, unknown] => {
      const value = (config as unknown as Overrides)[section]?.[name];
      return [`${section}.${name}`, secret === true && value !== null ? '********' : value];
    }),
  );
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

function readFile({ path, text }: { path: string; text: string }): Overrides {
  let found: unknown;
  try {
    found = parseYaml(text); // JSON is YAML
  } catch (cause) {
    throw new VamanaError('INVALID_ARGUMENT', `${path}: neither YAML nor JSON: ${String(cause)}`, { cause });
  }
  return (found ?? {}) as Overrides;
}

function readEnvironment(environment: NonNullable<ConfigSources['environment']>): Overrides {
  const found: Overrides = {};
  for (const [name, value] of Object.entries(environment)) {
    if (!name.startsWith(PREFIX) || value === undefined) continue;
    const [section = '', ...rest] = name.slice(PREFIX.length).toLowerCase().split('__');
    found[section] = { ...found[section], [rest.join('__')]: value };
  }
  return found;
}

function apply(config: Overrides, given: Overrides, source: string): void {
  requireObject(given, source);
  for (const [section, values] of Object.entries(given)) {
    const settings = ownMember(SETTINGS, section) as Record<string, Setting> | undefined;
    if (settings === undefined) throw unknown(section, source, Object.keys(SETTINGS));
    requireObject(values, `${source}: ${section}`);
    for (const [name, value] of Object.entries(values)) {
      const setting = ownMember(settings, name);
      if (setting === undefined) throw unknown(`${section}.${name}`, source, Object.keys(settings));
      (config[section] as Record<string, unknown>)[name] = convert(value, setting, `${source}: ${section}.${name}`);
    }
  }
}

function convert(value: unknown, { kind, value: fallback }: Setting, place: string): unknown {
  if (value === null && fallback === null) return null;
  if (kind === 'flag') {
    if (typeof value === 'boolean') return value;
    if (value === 'true' || value === 'false') return value === 'true';
    throw invalid(place, value, 'true or false');
  }
  if (kind === 'count') {
    const count = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
    if (Number.isSafeInteger(count) && Number(count) >= 0) return count;
    throw invalid(place, value, 'a whole number');
  }
  if (typeof value === 'string' && value !== '') return value;
  if (typeof value === 'number') return String(value);
  throw invalid(place, value, 'a text that is not empty');
}

function requireConsistent({ service, storage, limits, traces, log }: ServiceConfig): void {
  if (service.port > 65_535) throw invalid('service.port', service.port, '0 to 65535');
  if ((service.tls_cert === null) !== (service.tls_key === null)) {
    throw invalid('service.tls_cert and service.tls_key', 'one of them', 'both or none');
  }
  if (service.jwt_rbac && service.api_key === null) {
    throw invalid('service.jwt_rbac', true, 'service.api_key with it, which signs the tokens');
  }
  if (!isLoopback(service.host) && service.api_key === null && !service.insecure) {
    const found = `${service.host}, which others can reach, and no service.api_key`;
    throw invalid('service.host', found, 'a key, a loopback address, or --insecure');
  }
  if (!/^(always|none|[1-9]\d{0,6})$/.test(storage.sync)) {
    throw invalid('storage.sync', storage.sync, 'always, none or milliseconds');
  }
  if (traces.endpoint !== null && !/^https?:$/.test(protocolOf(traces.endpoint))) {
    throw invalid('traces.endpoint', traces.endpoint, 'a URL of http or https');
  }
  if (traces.percent > 100) throw invalid('traces.percent', traces.percent, '0 to 100');
  requireOne('storage.io', storage.io, ['auto', 'uring', 'pread', 'mmap']);
  requireOne('log.level', log.level, ['trace', 'debug', 'info', 'warn', 'error', 'silent']);
  if (limits.bodies_bytes < limits.body_bytes) {
    throw invalid('limits.bodies_bytes', limits.bodies_bytes, `limits.body_bytes, ${limits.body_bytes}, or more`);
  }
  for (const [name, value] of Object.entries(limits)) {
    if (value === 0 && name !== 'requests_per_second' && name !== 'filter_scan_points')
      throw invalid(`limits.${name}`, value, '1 or more');
  }
}

function protocolOf(url: string): string {
  return URL.canParse(url) ? new URL(url).protocol : '';
}

function requireOne(place: string, value: string, choices: readonly string[]): void {
  if (!choices.includes(value)) throw invalid(place, value, choices.join(', '));
}

function requireObject(value: unknown, place: string): void {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return;
  throw invalid(place, value, 'sections with settings in them');
}

function ownMember<T extends object>(table: T, name: string): T[keyof T] | undefined {
  return Object.hasOwn(table, name) ? table[name as keyof T] : undefined;
}

function unknown(name: string, source: string, known: readonly string[]): VamanaError {
  return new VamanaError('INVALID_ARGUMENT', `${source}: unknown setting ${name}; there are ${known.join(', ')}`);
}

function invalid(place: string, found: unknown, expected: string): VamanaError {
  return new VamanaError('INVALID_ARGUMENT', `${place}: found ${String(found)}, expected ${expected}`);
}
