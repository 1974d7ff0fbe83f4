// Peers at equal recall: ratios of this project to each of them, and their curves as charts and tables. Pure. Called by
// the suite `peers`.
import { rounded } from '../../tools/output.js';
import type { LineChart } from '../../tools/plot.js';
import { atRecall, type Better, type CurvePoint, frontier } from '../curve.js';
import type { PeerDocument, PeerRow, RatioDocument, Table } from '../document.js';

export const RECALLS = [0.9, 0.95, 0.99] as const;

/** Of a row, what is compared; null where the row does not tell. */
type Pick = (row: PeerRow) => number | null;

export function ratios(peers: readonly PeerDocument[], own: string): RatioDocument[] {
  const ours = peers.find(({ name }) => name === own);
  if (ours === undefined) return [];
  return peers
    .filter(({ name, rows }) => name !== own && rows.length > 0)
    .flatMap((peer) =>
      RECALLS.map((recall): RatioDocument => {
        const ratio = (threads: Threads, pick: Pick, better: Better): number | null => {
          const [a, b] = [ours, peer].map(({ rows }) => atRecall(points(rows, threads, pick), recall, better));
          return a === null || b === null || a === undefined || b === undefined ? null : rounded(a / b, 3);
        };
        return {
          peer: peer.name,
          recall,
          qps_1: ratio('one', (row) => row.qps, 'more'),
          qps_n: ratio('many', (row) => row.qps, 'more'),
          mean_us: ratio('one', (row) => row.mean_us, 'less'),
          reads: ratio('one', (row) => row.reads, 'less'),
        };
      }),
    );
}

type Threads = 'one' | 'many';

function points(rows: readonly PeerRow[], threads: Threads, pick: Pick): CurvePoint[] {
  return rows
    .filter((row) => (row.threads === 1) === (threads === 'one'))
    .map((row) => ({ recall: row.recall_at_k, value: pick(row) ?? Number.NaN }));
}

export function curveCharts(peers: readonly PeerDocument[], k: number, threads: number): LineChart[] {
  const chart = (title: string, label: string, way: Threads, pick: Pick, better: Better): LineChart => ({
    title,
    x: { label: `recall@${k}`, least: 0, most: 1 },
    y: { label, log: true },
    series: peers
      .map(({ name, rows }) => ({
        name,
        points: frontier(points(rows, way, pick), better).map(({ recall, value }) => ({ x: recall, y: value })),
      }))
      .filter(({ points: drawn }) => drawn.length > 0),
  });
  const qps: Pick = (row) => row.qps;
  return [
    chart('Queries a second, one thread', 'queries per second', 'one', qps, 'more'),
    chart(`Queries a second, ${threads} threads`, 'queries per second', 'many', qps, 'more'),
    chart('Mean latency, one thread', 'microseconds', 'one', (row) => row.mean_us, 'less'),
    chart('p99 latency, one thread', 'microseconds', 'one', (row) => row.p99_us, 'less'),
    chart('Pages read from the device', '4 KiB pages a query', 'one', (row) => row.reads, 'less'),
  ];
}

export function peerTables(peers: readonly PeerDocument[], ratioRows: readonly RatioDocument[]): Table[] {
  const at = (
    rows: readonly PeerRow[],
    threads: Threads,
    pick: Pick,
    better: Better,
    recall: number,
  ): number | null => {
    const value = atRecall(points(rows, threads, pick), recall, better);
    return value === null ? null : rounded(value, 4);
  };
  return [
    {
      title: 'At equal recall, between the measured points of each best curve',
      columns: ['peer', 'recall', 'qps, 1 thread', 'qps, all threads', 'mean us', 'p99 us', 'reads'],
      rows: RECALLS.flatMap((recall) =>
        peers.map(({ name, rows }) => [
          name,
          recall,
          at(rows, 'one', (row) => row.qps, 'more', recall),
          at(rows, 'many', (row) => row.qps, 'more', recall),
          at(rows, 'one', (row) => row.mean_us, 'less', recall),
          at(rows, 'one', (row) => row.p99_us, 'less', recall),
          at(rows, 'one', (row) => row.reads, 'less', recall),
        ]),
      ),
    },
    {
      title: 'vamana against each, at equal recall (qps: more is better; us and reads: less is better)',
      columns: ['peer', 'recall', 'qps, 1 thread', 'qps, all threads', 'mean us', 'reads'],
      rows: ratioRows.map((row) => [row.peer, row.recall, row.qps_1, row.qps_n, row.mean_us, row.reads]),
    },
    {
      title: 'Builds, disk and memory',
      columns: [
        'peer',
        'version',
        'vectors in',
        'status',
        'build s',
        'build peak MB',
        'disk MB',
        'search RSS MB',
        'of it anonymous MB',
      ],
      rows: peers.map(({ name, version, kind, status, reason, builds, rows }) => [
        name,
        version,
        kind,
        status === 'ok' ? 'ok' : `failed: ${reason}`,
        builds[0]?.seconds ?? null,
        megabytes(builds[0]?.rss_peak),
        megabytes(builds[0]?.disk_bytes),
        megabytes(most(rows.map(({ rss }) => rss))),
        megabytes(most(rows.map(({ anonymous }) => anonymous))),
      ]),
    },
  ];
}

function most(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : Math.max(...values);
}

function megabytes(bytes: number | undefined): number | null {
  return bytes === undefined ? null : Math.round(bytes / 1e5) / 10;
}
