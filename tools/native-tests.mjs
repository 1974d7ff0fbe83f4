// Builds the native tests with plain cmake, each kind in its own folder under build/, and runs them. Called by
// test.mjs only. Where GoogleTest is missing they are skipped, saying so; VAMANA_REQUIRE_NATIVE_TESTS=1 (set by CI)
// makes that a failure.
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from './project.mjs';

/** @typedef {import('./test.mjs').Outcome} Outcome */

const missingGoogleTest = 'apt install libgtest-dev';

/** @returns {Outcome} all suites, then those of the kernels once more under each table they may be forced to */
export function runNativeTests() {
  const folder = join(projectRoot, 'build/native-tests');
  const built = buildTests(folder, []);
  if (built !== null) return built;
  const whole = runTests(folder, '*');
  if (whole.result !== 'ok') return whole;
  const notes = [whole.note];
  for (const cpu of ['scalar', 'avx2']) {
    const forced = runTests(folder, '*Kernel*', { VAMANA_CPU: cpu });
    if (forced.result !== 'ok') return { ...forced, note: `VAMANA_CPU=${cpu}: ${forced.note}` };
    notes.push(`${cpu} kernels ${forced.note}`);
  }
  return { result: 'ok', note: notes.join('; ') };
}

/**
 * @param {string} name @param {string} sanitizers @param {string} word that a test's name must hold; '' for all tests
 * @returns {Outcome}
 */
export function runSanitizedTests(name, sanitizers, word) {
  const folder = join(projectRoot, 'build', name);
  // -O1: a third of the time to compile, and reports that still name the right lines.
  const built = buildTests(folder, [
    `-DVAMANA_SANITIZE=${sanitizers}`,
    `-DVAMANA_TESTS_WITH=${word}`,
    '-DCMAKE_CXX_FLAGS_RELEASE=-O1 -g1',
  ]);
  return built ?? runTests(folder, word === '' ? '*' : `*${word}*`);
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

/** @param {string} folder @param {string} filter @param {Record<string, string>} variables @returns {Outcome} */
function runTests(folder, filter, variables = {}) {
  const report = join(folder, 'report.json');
  rmSync(report, { force: true });
  const args = [`--gtest_filter=${filter}`, '--gtest_brief=1', `--gtest_output=json:${report}`];
  const program = join(folder, 'vamana_tests');
  // ThreadSanitizer of g++ 12 does not start where the kernel randomises addresses over 32 bits.
  const fixed = spawnSync('setarch', ['-R', 'true']).status === 0;
  const [command, ...rest] = fixed ? ['setarch', '-R', program, ...args] : [program, ...args];
  const { status, signal } = spawnSync(command, rest, { stdio: 'inherit', env: { ...process.env, ...variables } });
  if (status !== 0) return { result: 'failed', note: signal === null ? '' : `ended by ${signal}` };
  /** @type {{ tests: number, testsuites: { testsuite: { result: string }[] }[] }} */
  const { tests, testsuites } = JSON.parse(readFileSync(report, 'utf8'));
  if (tests === 0) return { result: 'failed', note: `no test matches ${filter}` };
  const skipped = testsuites.flatMap((suite) => suite.testsuite).filter((test) => test.result === 'SKIPPED').length;
  return { result: 'ok', note: skipped === 0 ? `${tests} passed` : `${tests - skipped} passed, ${skipped} skipped` };
}
