// What can be read off when /metrics asks: memory by part, cache, log, rows by collection, what waits. Made anew each
// time: instruments that are kept would go on reporting collections that have been closed or dropped. Of a collection
// that is not open nothing is known without opening it, so only its name is counted.
import type { Attributes, Meter } from '@opentelemetry/api';
import type { Collection } from '../collection/collection.js';
import type { CollectionStatus } from '../collection/collection-options.js';
import type { LoopDelay } from './loop-delay.js';
import { MetricText } from './metric-text.js';

export interface GaugeSources {
  version: string;
  /** Of the database; those of them that are open. */
  collections: number;
  open: readonly Collection[];
  inFlight: number;
  waiting: number;
  bodyBytes: number;
  loop: LoopDelay;
}

export async function gaugesText(sources: GaugeSources): Promise<string> {
  const text = new MetricText();
  try {
    const put = new Putter(text.meter);
    putService(put, sources);
    for (const collection of sources.open) putCollection(put, collection.name, collection.status());
    return await text.text();
  } finally {
    await text.close();
  }
}

// Both set a value once: the instruments live for one answer.
class Putter {
  constructor(private readonly meter: Meter) {}

  gauge(name: string, description: string, value: number, attributes: Attributes = {}): void {
    this.meter.createGauge(name, { description }).record(value, attributes);
  }

  counter(name: string, description: string, value: number, attributes: Attributes = {}): void {
    this.meter.createCounter(name, { description }).add(value, attributes);
  }
}

function putService(
  put: Putter,
  { version, collections, open, inFlight, waiting, bodyBytes, loop }: GaugeSources,
): void {
  put.gauge('app_info', 'who answers', 1, { name: 'vamana-ssd', version });
  put.gauge('collections_total', 'collections of the database', collections);
  put.gauge('vamana_open_collections', 'collections that are open', open.length);
  put.gauge('vamana_requests_in_flight', 'requests at work', inFlight);
  put.gauge('vamana_requests_waiting', 'requests that wait for a place', waiting);
  put.gauge('vamana_body_bytes', 'bytes of bodies being read or worked on', bodyBytes);
  const { rss, heapUsed, external } = process.memoryUsage();
  put.gauge('memory_resident_bytes', 'memory of the process that is in RAM', rss);
  put.gauge('vamana_heap_bytes', 'memory of JavaScript in use', heapUsed);
  put.gauge('vamana_external_bytes', 'memory outside of the heap that JavaScript holds', external);
  for (const [quantile, seconds] of loop.quantiles()) {
    put.gauge('vamana_event_loop_delay_seconds', 'how late the event loop came since the last scrape', seconds, {
      quantile,
    });
  }
}

function putCollection(put: Putter, collection: string, status: CollectionStatus): void {
  const of = { collection };
  put.gauge('collection_points', 'points', status.points, { id: collection });
  put.gauge('vamana_segments', 'segments on the disk', status.segments.length, of);
  const bytes = status.segments.reduce((sum, segment) => sum + segment.bytes, 0);
  put.gauge('vamana_segment_bytes', 'bytes of the segments', bytes, of);
  put.gauge('vamana_fresh_rows', 'rows that are in RAM and in the log only', status.freshRows, of);
  put.gauge('vamana_unlinked_rows', 'fresh rows that searches scan', status.unlinkedRows, of);
  put.gauge('vamana_flushing', 'parts that are being written as segments', status.flushing, of);
  put.gauge('vamana_failed', '1 when writes are refused or a flush fails', isFailed(status) ? 1 : 0, of);
  put.gauge('vamana_metadata_bytes', 'bytes of the file of ids and payloads', status.metaBytes, of);
  putLifecycle(put, status.lifecycle, of);
  for (const [part, value] of Object.entries(status.memory)) {
    if (typeof value === 'number') {
      put.gauge('vamana_memory_bytes', 'memory of the engine, by part', value, { collection, part });
    }
  }
  const { wal, cache } = status;
  put.gauge('vamana_wal_bytes', "bytes of the log's files", wal.bytes, of);
  put.counter('vamana_wal_written_bytes', 'bytes written to the log since it was opened', wal.bytesWritten, of);
  put.counter('vamana_wal_records', 'records written to the log', wal.records, of);
  put.counter('vamana_wal_syncs', 'syncs of the log', wal.syncs, of);
  put.counter('vamana_wal_sync_seconds', 'time that syncs of the log took', wal.syncMs / 1000, of);
  put.counter('vamana_page_cache_hits', 'pages found in the cache', cache.hits, of);
  put.counter('vamana_page_cache_misses', 'pages not found in the cache', cache.misses, of);
  const looked = cache.hits + cache.misses;
  put.gauge('vamana_page_cache_hit_ratio', 'hits of all looks', looked === 0 ? 0 : cache.hits / looked, of);
}

const STATES = ['CREATED', 'ACTIVE', 'DEGRADED', 'REBUILDING'] as const;

function putLifecycle(put: Putter, lifecycle: CollectionStatus['lifecycle'], of: Attributes): void {
  const { state, tombstones, health, alarm, retired } = lifecycle;
  for (const one of STATES) {
    put.gauge('vamana_lifecycle_state', '1 for the state it is in', one === state ? 1 : 0, { ...of, state: one });
  }
  put.gauge('vamana_tombstone_ratio', 'share of rows in segments that are dead', tombstones, of);
  put.gauge('vamana_retired_generations', 'kept for a rollback', retired.length, of);
  put.gauge('vamana_maintenance_alarm', '1 when no job begins by itself any more', alarm === null ? 0 : 1, of);
  if (health?.recall != null) put.gauge('vamana_canary_recall', 'recall@10 at the last check', health.recall, of);
}

function isFailed({ writeError, flushError }: CollectionStatus): boolean {
  return writeError !== null || flushError !== null;
}
