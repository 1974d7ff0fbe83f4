// All peers on one data set: each built and searched in child processes of its own (peer-child.ts), bounded in time; a
// crash or a hang is a failed peer with its reason and with the rows that were measured before it. Called by the suite
// `peers`.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rounded } from '../../tools/output.js';
import { runScript } from '../commands.js';
import type { DataSet } from '../data-sets.js';
import type { PeerBuild, PeerDocument, PeerRow, Settings } from '../document.js';
import { createRecaller, type Recaller } from '../id-recall.js';
import { dropPageCache } from '../page-cache.js';
import type { BuildLine, ChildTask, SearchLine } from './child-task.js';
import { installPeer, peerFolder, pinnedVersions } from './install.js';
import type { Peer } from './peer.js';
import { queryAtPosition } from './query-order.js';

export interface PeersRun {
  set: DataSet;
  peers: readonly Peer[];
  k: number;
  /** Most threads; rows are measured with one and with so many. */
  threads: number;
  /** Every way of building that a peer names, or the first alone. */
  allBuilds: boolean;
  secondsPerPoint: number;
  /** Of one build or one sweep. */
  timeoutMs: number;
  /** By performance.now(): peers that come later are not begun, and nothing runs past it. */
  deadline: number;
  folder: string;
  ownVersion: string;
  tell(line: string): void;
}

export async function runPeers(run: PeersRun): Promise<PeerDocument[]> {
  const recaller = await createRecaller(run.set, queryAtPosition);
  const documents: PeerDocument[] = [];
  for (const peer of run.peers) {
    run.tell(`${peer.name} ...`);
    const document = await runPeer(run, peer, recaller, documents);
    documents.push(document);
    run.tell(`${peer.name}: ${document.rows.length} rows${document.reason ? `, failed: ${document.reason}` : ''}`);
  }
  return documents;
}

async function runPeer(
  run: PeersRun,
  peer: Peer,
  recaller: Recaller,
  before: readonly PeerDocument[],
): Promise<PeerDocument> {
  const { name, kind } = peer;
  const document: PeerDocument = { name, version: versionOf(run, peer), kind, status: 'ok', builds: [], rows: [] };
  try {
    if (performance.now() > run.deadline) throw new Error('no time left in a quick run');
    if (peer.package !== null) await installPeer(peer.package);
    for (const [at, settings] of buildsOf(run, peer).entries()) {
      const folder = indexFolder(run, peer, at);
      if (peer.sharesIndexOf === undefined) document.builds.push(await build(run, peer, settings, folder));
      else document.builds.push(...sharedBuild(peer, before, at));
      await searchAll(run, peer, settings, folder, recaller, document);
    }
  } catch (error) {
    document.status = 'failed';
    document.reason = error instanceof Error ? error.message : String(error);
  }
  return document;
}

function buildsOf({ set, allBuilds }: PeersRun, peer: Peer): Settings[] {
  return peer.builds(set).slice(0, allBuilds ? undefined : 1);
}

function indexFolder(run: PeersRun, peer: Peer, at: number): string {
  return join(run.folder, `${peer.sharesIndexOf ?? peer.name}-${at}`);
}

async function build(run: PeersRun, peer: Peer, settings: Settings, folder: string): Promise<PeerBuild> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const task = taskOf(run, peer, settings, folder);
  await runChild(run, { ...task, action: 'build', threads: run.threads });
  const line = readLines<BuildLine>(task.results)[0];
  if (line === undefined) throw new Error('its build ended without a result');
  return { settings, seconds: rounded(line.seconds, 4), rss_peak: line.rss_peak, disk_bytes: folderBytes(folder) };
}

function sharedBuild(peer: Peer, before: readonly PeerDocument[], at: number): PeerBuild[] {
  const owner = before.find(({ name }) => name === peer.sharesIndexOf);
  const shared = owner?.builds[at];
  if (shared === undefined) throw new Error(`${peer.sharesIndexOf}, whose index it searches, built none`);
  return [shared];
}

async function searchAll(
  run: PeersRun,
  peer: Peer,
  settings: Settings,
  folder: string,
  recaller: Recaller,
  document: PeerDocument,
): Promise<void> {
  for (const threads of new Set([1, run.threads])) {
    const task: ChildTask = { ...taskOf(run, peer, settings, folder), action: 'search', threads };
    dropPageCache();
    try {
      await runChild(run, task);
    } finally {
      const lines = existsSync(task.results) ? readLines<SearchLine>(task.results) : [];
      document.rows.push(...lines.map((line) => withRecall(line, settings, recaller, run.k)));
    }
  }
}

function withRecall({ ids, ...line }: SearchLine, build: Settings, recaller: Recaller, k: number): PeerRow {
  const bytes = readFileSync(ids);
  const found = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  const { settings, threads, mode, queries, ...measured } = line;
  const short = (value: number | null): number | null => (value === null ? null : rounded(value));
  return {
    settings: { ...build, ...settings },
    threads,
    mode,
    queries,
    recall_at_k: rounded(recaller.recall(found, queries, k)),
    qps: rounded(measured.qps),
    mean_us: short(measured.mean_us),
    p99_us: short(measured.p99_us),
    reads: short(measured.reads),
    rss: measured.rss,
    anonymous: measured.anonymous,
  };
}

function taskOf(run: PeersRun, peer: Peer, build: Settings, folder: string): Omit<ChildTask, 'action' | 'threads'> {
  const { set, k, secondsPerPoint } = run;
  const packages = peer.package === null ? run.folder : peerFolder(peer.package);
  const results = join(run.folder, 'results');
  const { base, queries, metric } = set;
  return { peer: peer.name, folder, packages, base, queries, metric, k, build, secondsPerPoint, results };
}

async function runChild(run: PeersRun, task: ChildTask): Promise<void> {
  const path = join(run.folder, 'task.json');
  rmSync(task.results, { force: true });
  writeFileSync(path, JSON.stringify(task));
  const timeoutMs = Math.max(1, Math.min(run.timeoutMs, run.deadline - performance.now()));
  await runScript('bench/peers/peer-child.js', [path], { timeoutMs, nodeFlags: ['--expose-gc'] });
}

function versionOf(run: PeersRun, peer: Peer): string {
  if (peer.package === null) return run.ownVersion;
  return pinnedVersions()[peer.package]?.[peer.package] ?? 'unknown';
}

// A process that was killed may leave half a line.
function readLines<Line>(path: string): Line[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Line);
}

/** Bytes of all files below a folder. */
export function folderBytes(folder: string): number {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}
