// Where things lie in the checkout, and what the built parts are built from. Used by the scripts that must
// run before anything is compiled (install.mjs, prepare.mjs, test.mjs), so: plain JavaScript, no dependencies.
// With an argument it prints for the two native builds: `sources`, or the include folder of a package.
//
// A stamp is the hash of everything a build depends on, written beside its output when the build succeeded.
// An output is fresh iff it exists and its stamp equals the hash of what lies there now.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { arch, platform } from 'node:process';
import { fileURLToPath } from 'node:url';

export const projectRoot = dirname(dirname(fileURLToPath(import.meta.url)));

/** @param {string} root @returns {string[]} paths from native/sources.txt, the one list of C++ sources */
export function nativeSources(root = projectRoot) {
  const lines = readFileSync(join(root, 'native/sources.txt'), 'utf8').split('\n');
  return lines.map((line) => line.trim()).filter((line) => line.endsWith('.cc'));
}

/**
 * The folder of an installed package, by Node's own rule (node_modules here, then upwards): the project may
 * itself be installed in another's node_modules, beside its dependencies.
 * @param {string} name @param {string} root @returns {string | null}
 */
export function packageFolder(name, root = projectRoot) {
  for (let at = root; ; at = dirname(at)) {
    const folder = join(at, 'node_modules', name);
    if (existsSync(join(folder, 'package.json'))) return folder;
    if (at === dirname(at)) return null;
  }
}

/** @param {string} name @param {string} root @returns {string} the installed version, or 'none' */
export function packageVersion(name, root = projectRoot) {
  const folder = packageFolder(name, root);
  return folder === null ? 'none' : JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).version;
}

/** @param {string} name @param {string} command @param {string} root @returns {string | null} a script for node */
export function packageCommand(name, command, root = projectRoot) {
  const folder = packageFolder(name, root);
  if (folder === null) return null;
  const { bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return join(folder, typeof bin === 'string' ? bin : bin[command]);
}

/** @param {string} root @returns {Build} the addon: from the listed sources, every header, and the header packages */
export function addonBuild(root = projectRoot) {
  const headers = filesUnder(root, 'native', (path) => path.endsWith('.h') && !path.startsWith('native/testing/'));
  const inputs = ['CMakeLists.txt', 'binding.gyp', 'native/sources.txt', ...nativeSources(root), ...headers];
  const packages = ['node-addon-api', 'node-api-headers', 'simsimd'];
  return {
    output: join(root, 'build/Release/vamana.node'),
    stamp: join(root, 'build/Release/vamana.stamp'),
    hash: hashOf(root, inputs, [...packages.map((name) => `${name}@${packageVersion(name, root)}`), platform, arch]),
  };
}

/** The name of the package with the addon for this machine; src/binding.ts has the same rule, and a test compares them. */
export function prebuiltName() {
  /** @type {{ header: { glibcVersionRuntime?: string } }} */
  const { header } = /** @type {any} */ (process.report.getReport());
  return `vamana-ssd-${platform}-${arch}-${header.glibcVersionRuntime === undefined ? 'musl' : 'glibc'}`;
}

/** @param {string} root @returns {boolean} whether that package is installed, with the version of this one */
export function hasPrebuilt(root = projectRoot) {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return packageVersion(prebuiltName(), root) === version;
}

/** @param {string} root @returns {Build} dist: from every TypeScript file but the tests */
export function typescriptBuild(root = projectRoot) {
  const wanted = (/** @type {string} */ path) => path.endsWith('.ts') && !path.endsWith('.test.ts');
  const sources = ['src', 'tools', 'bench', 'test'].flatMap((folder) => filesUnder(root, folder, wanted));
  return {
    output: join(root, 'dist'),
    stamp: join(root, 'dist/typescript.stamp'),
    hash: hashOf(root, ['tsconfig.json', ...sources], [`typescript@${packageVersion('typescript', root)}`]),
  };
}

/** @param {Build} build */
export function isFresh(build) {
  return existsSync(build.output) && existsSync(build.stamp) && readFileSync(build.stamp, 'utf8').trim() === build.hash;
}

/** @typedef {{ output: string, stamp: string, hash: string }} Build */

/** @param {string} root @param {string} folder @param {(path: string) => boolean} wanted @returns {string[]} */
function filesUnder(root, folder, wanted) {
  if (!existsSync(join(root, folder))) return [];
  const found = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' });
  return found.map((path) => `${folder}/${path}`).filter(wanted);
}

/** @param {string} root @param {string[]} paths @param {string[]} facts @returns {string} */
function hashOf(root, paths, facts) {
  const hash = createHash('sha256');
  // A listed file that is missing must fail in the compiler, which says so better than a read error here.
  for (const path of [...new Set(paths)].sort()) {
    const bytes = existsSync(join(root, path)) ? readFileSync(join(root, path)) : 'missing';
    hash.update(`${path}\0${bytes.length}\0`).update(bytes);
  }
  for (const fact of facts) hash.update(`\0${fact}`);
  return hash.digest('hex');
}

/** @param {string | undefined} wanted @returns {string} */
function describe(wanted) {
  if (wanted === 'sources') return nativeSources().join('\n');
  const includes = new Map([
    ['simsimd', 'include'],
    ['node-addon-api', ''],
    ['node-api-headers', 'include'],
  ]);
  const subfolder = includes.get(wanted ?? '');
  if (wanted === undefined || subfolder === undefined) {
    throw new Error(`expected sources, ${[...includes.keys()].join(', ')}; got ${wanted}`);
  }
  const folder = packageFolder(wanted);
  if (folder === null) throw new Error(`${wanted} is not installed: run npm ci`);
  return join(folder, subfolder);
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  process.stdout.write(`${describe(process.argv[2])}\n`);
}
