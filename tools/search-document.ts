// The document that `search --json` prints and of which `bench --json` prints one a list size. Scripts rely
// on every name here; the tables and the HTML report show the same facts.
import { type Column, type Fact, formatBytes, formatNumber } from './output.js';
import type { Latency } from './statistics.js';

export interface SearchDocument {
  index: IndexFacts;
  params: {
    k: number;
    list_size: number;
    rerank: 'auto' | number;
    exact: boolean;
    /** Whether distances are exact or estimated where the codes leave no doubt. */
    scores: 'exact' | 'approximate';
    /** The reader in use, not the one asked for. */
    io: string;
    threads: number;
    cache_bytes: number;
  };
  queries: number;
  /** Null without a truth file. */
  recall_at_k: number | null;
  qps: number;
  latency_us: Latency;
  /** Means over the queries. */
  per_query: {
    reads: number;
    read_bytes: number;
    reranked: number;
    cache_hits: number;
    hops: number;
    codes_scored: number;
    walk_us: number;
    read_us: number;
    rank_us: number;
  };
  memory_bytes: {
    graph: number;
    codes: number;
    cache: number;
    /** Anonymous memory beyond graph, codes and cache: the process itself, scratch, queries, results. */
    other: number;
    rss_peak: number;
    anonymous: number;
    /** Resident pages of the mapped vectors file; the system may take them back at any time. */
    mapped: number;
  };
}

export interface IndexFacts {
  rows: number;
  dim: number;
  metric: string;
  element: string;
  degree_mean: number;
  bits_per_edge: number;
  code: string;
}

export function indexSummary(index: IndexFacts): string {
  const { rows, dim, element, metric, code } = index;
  const graph = `degree ${formatNumber(index.degree_mean)} at ${formatNumber(index.bits_per_edge)} bits/edge`;
  return `${formatNumber(rows)} x ${dim} ${element}, ${metric}, ${graph}, code ${code}`;
}

export function searchFacts(document: SearchDocument): Fact[] {
  const { params, latency_us: latency, per_query: cost, memory_bytes: memory } = document;
  const us = (value: number): string => `${formatNumber(value)} us`;
  return [
    ['index', indexSummary(document.index)],
    ['search', paramsSummary(document)],
    ['queries', document.queries],
    [`recall@${params.k}`, document.recall_at_k ?? 'not measured; give --truth'],
    ['queries/s', Math.round(document.qps)],
    ['latency mean', us(latency.mean)],
    ['latency p50', us(latency.p50)],
    ['latency p95', us(latency.p95)],
    ['latency p99', us(latency.p99)],
    ['latency p99.9', us(latency.p999)],
    ['reads/query', `${formatNumber(cost.reads)} pages, ${formatBytes(Math.round(cost.read_bytes))}`],
    ['cache hits/query', cost.cache_hits],
    ['reranked/query', cost.reranked],
    ['hops/query', cost.hops],
    ['codes scored/query', cost.codes_scored],
    ['walk + read + rank', `${us(cost.walk_us)} + ${us(cost.read_us)} + ${us(cost.rank_us)}`],
    ['memory graph', formatBytes(memory.graph)],
    ['memory codes', formatBytes(memory.codes)],
    ['memory cache', formatBytes(memory.cache)],
    ['memory other', formatBytes(memory.other)],
    ['memory anonymous', formatBytes(memory.anonymous)],
    ['mapped vectors', formatBytes(memory.mapped)],
    ['peak resident', formatBytes(memory.rss_peak)],
  ];
}

export function paramsSummary({ params }: Pick<SearchDocument, 'params'>): string {
  const estimates = params.scores === 'approximate' ? ', approximate scores' : '';
  const how = params.exact ? 'exact scan' : `list ${params.list_size}, rerank ${params.rerank}${estimates}`;
  const threads = `${params.threads} thread${params.threads === 1 ? '' : 's'}`;
  const cache = params.cache_bytes === 0 ? 'no cache' : `cache ${formatBytes(params.cache_bytes)}`;
  return `k ${params.k}, ${how}, io ${params.io}, ${threads}, ${cache}`;
}

/** The table of a sweep: one line a list size. */
export const sweepColumns: readonly Column<SearchDocument>[] = [
  { title: 'list', cell: (row) => row.params.list_size },
  { title: 'recall', cell: (row) => row.recall_at_k?.toFixed(4), align: 'right' },
  { title: 'qps', cell: (row) => Math.round(row.qps) },
  { title: 'mean us', cell: (row) => Math.round(row.latency_us.mean) },
  { title: 'p50 us', cell: (row) => Math.round(row.latency_us.p50) },
  { title: 'p95 us', cell: (row) => Math.round(row.latency_us.p95) },
  { title: 'p99 us', cell: (row) => Math.round(row.latency_us.p99) },
  { title: 'reads', cell: (row) => row.per_query.reads.toFixed(2), align: 'right' },
  { title: 'cached', cell: (row) => row.per_query.cache_hits.toFixed(2), align: 'right' },
  { title: 'reranked', cell: (row) => row.per_query.reranked.toFixed(1), align: 'right' },
  { title: 'hops', cell: (row) => row.per_query.hops.toFixed(1), align: 'right' },
  { title: 'codes', cell: (row) => Math.round(row.per_query.codes_scored) },
  { title: 'walk us', cell: (row) => row.per_query.walk_us.toFixed(1), align: 'right' },
  { title: 'read us', cell: (row) => row.per_query.read_us.toFixed(1), align: 'right' },
  { title: 'rank us', cell: (row) => row.per_query.rank_us.toFixed(1), align: 'right' },
];
