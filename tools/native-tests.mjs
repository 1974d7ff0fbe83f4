// Builds the native tests with plain cmake and runs them, a part of them on each processor. Called by test.mjs only.
// Those of the code as released take it from the addon's build in build/, so that it is compiled once; sanitized ones
// have a folder each below. Where GoogleTest is missing they are skipped, saying so; VAMANA_REQUIRE_NATIVE_TESTS=1 (set
// by CI) makes that a failure.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from './project.mjs';

/** @typedef {import('./test.mjs').Outcome} Outcome */

const missingGoogleTest = 'apt install libgtest-dev';

/** @returns {Promise<Outcome>} all suites, then those of the kernels once more under each table they may be forced to */
export async function runNativeTests() {
  const folder = releaseFolder();
  const built = buildTests(folder, []);
  if (built !== null) return built;
  const whole = await runTests(folder, '*');
  if (whole.result !== 'ok') return whole;
  const notes = [whole.note];
  for (const cpu of ['scalar', 'avx2']) {
    const forced = await runTests(folder, '*Kernel*', { VAMANA_CPU: cpu });
    if (forced.result !== 'ok') return { ...forced, note: `VAMANA_CPU=${cpu}: ${forced.note}` };
    notes.push(`${cpu} kernels ${forced.note}`);
  }
  return { result: 'ok', note: notes.join('; ') };
}

/**
 * @param {string} name @param {string} sanitizers @param {string} word that a test's name must hold; '' for all tests
 * @returns {Promise<Outcome>}
 */
export async function runSanitizedTests(name, sanitizers, word) {
  const folder = join(projectRoot, 'build', name);
  const built = buildTests(folder, [`-DVAMANA_SANITIZE=${sanitizers}`, `-DVAMANA_TESTS_WITH=${word}`]);
  return built ?? (await runTests(folder, word === '' ? '*' : `*${word}*`));
}

/** @returns {Promise<Outcome>} those of sizes past 32 bits, one after the other: each takes gigabytes */
export async function runLargeTests() {
  const folder = releaseFolder();
  return buildTests(folder, []) ?? (await runTests(folder, 'LargeSegmentTest.*', { VAMANA_LARGE: '1' }, 1));
}

/** The addon's build where cmake-js made one here; it is missing where the addon came as a package. */
function releaseFolder() {
  const folder = join(projectRoot, 'build');
  const cache = join(folder, 'CMakeCache.txt');
  const lines = existsSync(cache) ? readFileSync(cache, 'utf8').split('\n') : [];
  const isAddons = lines.some((line) => line.startsWith('CMAKE_JS_VERSION:'));
  return isAddons && lines.includes(`CMAKE_HOME_DIRECTORY:INTERNAL=${projectRoot}`)
    ? folder
    : join(folder, 'native-tests');
}

/** @param {string} folder @param {string[]} options @returns {Outcome | null} null when built */
function buildTests(folder, options) {
  const configure = ['-S', projectRoot, '-B', folder, '-DCMAKE_BUILD_TYPE=Release', '-DVAMANA_TESTS=ON', ...options];
  const { status, stdout, stderr } = spawnSync('cmake', configure, { encoding: 'utf8' });
  if (status !== 0 && stderr?.includes('GoogleTest is missing')) {
    process.stdout.write(`native tests skipped: ${missingGoogleTest}\n`);
    const required = process.env.VAMANA_REQUIRE_NATIVE_TESTS === '1';
    return { result: required ? 'failed' : 'skipped', note: missingGoogleTest };
  }
  if (status !== 0) {
    process.stdout.write(`${stdout ?? ''}${stderr ?? 'cmake is not installed: apt install cmake'}\n`);
    return { result: 'failed', note: 'cmake could not configure' };
  }
  const jobs = String(availableParallelism());
  const build = ['--build', folder, '--target', 'vamana_tests', '--parallel', jobs];
  const compiled = spawnSync('cmake', build, { stdio: 'inherit' });
  return compiled.status === 0 ? null : { result: 'failed', note: 'does not compile' };
}

/**
 * The tests that match, dealt out to as many processes as there are processors.
 * @param {string} folder @param {string} filter @param {Record<string, string>} variables @param {number} shards
 * @returns {Promise<Outcome>}
 */
async function runTests(folder, filter, variables = {}, shards = availableParallelism()) {
  const runs = Array.from({ length: shards }, (_, shard) =>
    runShard(folder, filter, {
      ...variables,
      GTEST_TOTAL_SHARDS: String(shards),
      GTEST_SHARD_INDEX: String(shard),
    }),
  );
  const outcomes = await Promise.all(runs);
  const failed = outcomes.filter(({ failure }) => failure !== null);
  if (failed.length > 0) return { result: 'failed', note: failed.map(({ failure }) => failure).join('') };
  const tests = outcomes.reduce((sum, { results }) => sum + results.length, 0);
  if (tests === 0) return { result: 'failed', note: `no test matches ${filter}` };
  const skipped = outcomes.flatMap(({ results }) => results).filter((result) => result === 'SKIPPED').length;
  return { result: 'ok', note: skipped === 0 ? `${tests} passed` : `${tests - skipped} passed, ${skipped} skipped` };
}

/**
 * @param {string} folder @param {string} filter @param {Record<string, string>} variables
 * @returns {Promise<{ failure: string | null, results: string[] }>} one result a test
 */
function runShard(folder, filter, variables) {
  const report = join(folder, `tests-${variables.GTEST_SHARD_INDEX}.json`);
  rmSync(report, { force: true });
  const args = [`--gtest_filter=${filter}`, '--gtest_brief=1', `--gtest_output=json:${report}`];
  const program = join(folder, 'vamana_tests');
  // ThreadSanitizer of g++ 12 does not start where the kernel randomises addresses over 32 bits.
  const fixed = spawnSync('setarch', ['-R', 'true']).status === 0;
  const [command, ...rest] = fixed ? ['setarch', '-R', program, ...args] : [program, ...args];
  return new Promise((resolve) => {
    const child = spawn(command, rest, { stdio: 'inherit', env: { ...process.env, ...variables } });
    child.on('error', ({ message }) => resolve({ failure: message, results: [] }));
    child.on('close', (status, signal) => {
      if (status !== 0) return resolve({ failure: signal === null ? '' : `ended by ${signal}`, results: [] });
      /** @type {{ testsuites: { testsuite: { result: string }[] }[] }} */
      const { testsuites } = JSON.parse(readFileSync(report, 'utf8'));
      resolve({ failure: null, results: testsuites.flatMap(({ testsuite }) => testsuite.map(({ result }) => result)) });
    });
  });
}
