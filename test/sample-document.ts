// A search document with every field set, for the tests of what is made of one.
import type { SearchDocument } from '../tools/search-document.js';

export const sampleDocument: SearchDocument = {
  index: { rows: 4000, dim: 128, metric: 'l2', element: 'u8', degree_mean: 30.5, bits_per_edge: 9.75, code: 'pq32x8' },
  params: {
    k: 10,
    list_size: 64,
    rerank: 'auto',
    exact: false,
    scores: 'exact',
    io: 'uring',
    threads: 1,
    cache_bytes: 64e6,
  },
  queries: 200,
  recall_at_k: 0.9731,
  qps: 4321.5,
  latency_us: { mean: 231.5, p50: 220, p95: 310, p99: 402, p999: 977 },
  per_query: {
    reads: 12.25,
    read_bytes: 50_176,
    reranked: 21,
    cache_hits: 3.5,
    hops: 70.2,
    codes_scored: 1210.5,
    walk_us: 80.1,
    read_us: 120.2,
    rank_us: 6.3,
  },
  memory_bytes: {
    graph: 150_000,
    codes: 128_000,
    cache: 1_000_000,
    other: 40e6,
    rss_peak: 90e6,
    anonymous: 41e6,
    mapped: 0,
  },
};
