// The peers' packages: of the versions pinned in peers.json, installed by the benchmark below bench/out/peers, so that
// `npm ci` of the project never fetches them. Each has a folder of its own: one that cannot be installed is a peer that
// failed, not a benchmark that did. Called by run-peers.ts.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../tools/tree.js';
import { runProgram } from '../commands.js';
import { OUTPUT } from '../data-sets.js';

const PEERS_FOLDER = join(OUTPUT, 'peers');
const INSTALL_MS = 10 * 60 * 1000;

/** Optional dependencies of lancedb for embedding models, hundreds of megabytes that no search needs. */
const LEFT_OUT = ['@huggingface/transformers', 'openai'];
const SMALL_PACKAGE = 'npm:bindings@^1.5.0';

/** By peer package: it and what it needs, with versions. */
export function pinnedVersions(): Record<string, Record<string, string>> {
  const path = join(projectRoot(), 'bench', 'peers', 'peers.json');
  return JSON.parse(readFileSync(path, 'utf8')) as Record<string, Record<string, string>>;
}

/** Where a peer's packages are; require() of them starts from here. */
export function peerFolder(name: string): string {
  return join(PEERS_FOLDER, name.replace(/^@.*\//, ''));
}

/** Installs a peer's packages where they are not. Throws with the reason. */
export async function installPeer(name: string): Promise<void> {
  const versions = pinnedVersions()[name];
  if (versions === undefined) throw new Error(`${name} is not in bench/peers/peers.json`);
  const folder = peerFolder(name);
  if (Object.entries(versions).every(([each, version]) => installedVersion(folder, each) === version)) return;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest(versions), null, 2)}\n`);
  const options = ['install', '--no-save', '--no-package-lock', '--no-audit', '--no-fund', '--legacy-peer-deps'];
  await runProgram('npm', options, { cwd: folder, timeoutMs: INSTALL_MS });
}

function installedVersion(folder: string, name: string): string | null {
  const path = join(folder, 'node_modules', name, 'package.json');
  if (!existsSync(path)) return null;
  return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
}

function manifest(versions: Record<string, string>): object {
  return {
    private: true,
    dependencies: versions,
    overrides: Object.fromEntries(LEFT_OUT.map((name) => [name, SMALL_PACKAGE])),
    // Their install scripts choose a prebuilt binary, or compile one.
    allowScripts: Object.fromEntries(Object.keys(versions).map((name) => [name, true])),
  };
}
