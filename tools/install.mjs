// npm's `install` script: builds the addon with cmake-js into build/Release/vamana.node, and does nothing when
// the one that lies there was built from these very sources, or when one built for this platform is installed beside
// (tools/prebuild.mjs). `--stamp` only records that it was (for node-gyp,
// which builds to the same place). Plain JavaScript, no dependencies: it runs before anything is compiled.
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { delimiter, join } from 'node:path';
import { addonBuild, hasPrebuilt, isFresh, packageCommand, projectRoot } from './project.mjs';

const bytesPerCompiler = 1e9;

const build = addonBuild();
if (process.argv.includes('--stamp')) {
  writeFileSync(build.stamp, `${build.hash}\n`);
} else if (!isFresh(build) && (existsSync(build.output) || !hasPrebuilt())) {
  requireTools();
  compile();
  requireLoads();
  writeFileSync(build.stamp, `${build.hash}\n`);
}

function compile() {
  const command = packageCommand('cmake-js', 'cmake-js');
  if (command === null) fail('cmake-js is not installed', 'run `npm ci` first');
  rmSync(build.stamp, { force: true });
  const jobs = Math.max(1, Math.min(availableParallelism(), Math.floor(totalmem() / bytesPerCompiler)));
  process.stdout.write(`vamana-ssd: building the native addon, ${jobs} compilers at a time\n`);

  const cmakeJs = (/** @type {string[]} */ ...args) =>
    spawnSync(process.execPath, [command, ...args, '--log-level', 'warn'], { cwd: projectRoot, stdio: 'inherit' })
      .status === 0;
  // A cache left by a checkout elsewhere, another generator or node-gyp does not fit; its loss costs a second.
  if (!cmakeJs('configure')) {
    for (const name of ['CMakeCache.txt', 'CMakeFiles']) {
      rmSync(join(projectRoot, 'build', name), { recursive: true, force: true });
    }
    if (!cmakeJs('configure')) fail('cmake could not configure the native build', 'its message stands above');
  }
  if (!cmakeJs('build', '--target', 'vamana', '--parallel', String(jobs))) {
    fail(
      'the native sources do not compile here',
      "the compiler's message stands above; g++ 12 or newer is known to work",
    );
  }
}

function requireTools() {
  const missing = [];
  if (!onPath('cmake')) missing.push('cmake');
  if (!process.env.CXX && !onPath('g++') && !onPath('clang++')) missing.push('g++');
  if (!onPath('make') && !onPath('ninja')) missing.push('make');
  if (missing.length === 0) return;
  fail(
    `building the native addon needs ${missing.join(', ')}`,
    `run \`apt install ${missing.join(' ')}\`, then \`npm run build\``,
  );
}

// A shared object may be linked with symbols left open: only loading it shows that it is whole.
function requireLoads() {
  const load = spawnSync(process.execPath, ['-e', 'require(process.argv[1])', build.output], { encoding: 'utf8' });
  if (load.status !== 0) fail(`${build.output} was built but does not load`, load.stderr.trim());
}

/** @param {string} command */
function onPath(command) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, command)));
}

/** @param {string} what @param {string} remedy @returns {never} */
function fail(what, remedy) {
  process.stderr.write(`vamana-ssd: ${what}: ${remedy}\n`);
  process.exit(1);
}
