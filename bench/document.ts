// The shape of bench/out/report.json, which scripts may rely on, and of what a suite gives for it. Shapes only; the
// page is made from the same document (page.ts).
import type { MachineFacts } from '../tools/machine.js';
import type { LineChart } from '../tools/plot.js';

export interface BenchDocument {
  /** ISO 8601. */
  created_at: string;
  command: string;
  quick: boolean;
  versions: Record<string, string>;
  machine: MachineFacts & MachineState;
  data: DataFacts[];
  peers: PeerDocument[];
  ratios: RatioDocument[];
  suites: Record<string, SuiteDocument>;
}

/** How the machine was when the run began: a busy one makes its times worthless. */
export interface MachineState {
  /** Of the last minute, before anything was run. */
  load_average: number;
  disk: { depth1_us: number; depth32_reads_per_second: number; direct: boolean } | null;
  /** Whether the system's page cache could be dropped before each search (needs root). */
  drops_page_cache: boolean;
}

export interface DataFacts {
  name: string;
  rows: number;
  dim: number;
  element: string;
  metric: string;
  queries: number;
}

export interface PeerDocument {
  name: string;
  version: string;
  /** Where vectors are while it searches. */
  kind: PeerKind;
  status: 'ok' | 'failed';
  /** Of the failure; rows measured before it are kept. */
  reason?: string;
  builds: PeerBuild[];
  rows: PeerRow[];
}

export type PeerKind = 'ssd' | 'mmap' | 'ram';

export interface PeerBuild {
  settings: Settings;
  seconds: number;
  rss_peak: number;
  disk_bytes: number;
}

export type Settings = Record<string, number | string>;

export interface PeerRow {
  settings: Settings;
  threads: number;
  /** How `threads` were kept busy: one call after the other, calls in flight, or the peer's own batch call. */
  mode: 'single' | 'in-flight' | 'batch';
  queries: number;
  recall_at_k: number;
  qps: number;
  /** Per call; null where a batch call hides it. */
  mean_us: number | null;
  p99_us: number | null;
  /** 4 KiB pages a query that the system fetched from the device for the process; null where /proc does not tell. */
  reads: number | null;
  /** Resident bytes, mapped files included, after the row was measured. */
  rss: number;
  /** Of those, what no file backs. */
  anonymous: number;
}

/** Ours over the peer's at equal recall, both interpolated on their best curves; null where one was not measured. */
export interface RatioDocument {
  peer: string;
  recall: number;
  qps_1: number | null;
  qps_n: number | null;
  mean_us: number | null;
  reads: number | null;
}

export interface SuiteDocument {
  title: string;
  /** `skipped` where a quick run had no time left for it. */
  status: 'ok' | 'failed' | 'skipped';
  reason?: string;
  /** ISO 8601, and what was measured: of an earlier run where the suite was kept. */
  began_at: string;
  version: string;
  seconds: number;
  /** That it ran, as they could be typed in the project's folder. */
  commands: string[];
  notes: string[];
  tables: Table[];
  charts: LineChart[];
  /** Whatever the tables were made of. */
  raw?: unknown;
}

export interface Table {
  title: string;
  columns: string[];
  rows: (string | number | null)[][];
}

/** What a suite returns; the rest is added by whoever runs it. */
export type SuiteResult = Pick<SuiteDocument, 'notes' | 'tables' | 'charts' | 'raw'>;
