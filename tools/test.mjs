// `npm test`: runs the stages named on the command line (without names, those of a full test) and ends with a line
// a stage and an exit code. A failed build ends it at once; other failures let the rest run, so that one run
// shows all that is wrong. `npm run lint`, `test:native` and `test:sanitize` are the same with other stages.
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { runLargeTests, runNativeTests, runSanitizedTests } from './native-tests.mjs';
import { packageCommand, projectRoot } from './project.mjs';

/** @typedef {{ result: 'ok' | 'failed' | 'skipped', note: string }} Outcome */

/** @type {Record<string, () => Outcome | Promise<Outcome>>} */
const stages = {
  build: () => all(node('tools/install.mjs'), () => node('tools/prepare.mjs')),
  types: () => tool('typescript', 'tsc', '-p', 'tsconfig.test.json'),
  lint: () => tool('@biomejs/biome', 'biome', 'lint', '--error-on-warnings', '--diagnostic-level=warn'),
  format: () => node('tools/format.mjs', '--check'),
  tidy: () => node('dist/tools/tidy.js'),
  layers: () => node('dist/tools/layers.js'),
  native: runNativeTests,
  large: runLargeTests,
  unit: runVitest,
  asan: () => runSanitizedTests('asan', 'address,undefined', ''),
  tsan: () => runSanitizedTests('tsan', 'thread', 'Concurrent'),
};
const fullTest = ['build', 'types', 'lint', 'tidy', 'layers', 'native', 'unit'];

const wanted = process.argv.length > 2 ? process.argv.slice(2) : fullTest;
const lines = [];
let failed = false;
for (const name of wanted) {
  const stage = stages[name];
  if (stage === undefined) throw new Error(`no stage ${name}; there are ${Object.keys(stages).join(', ')}`);
  process.stdout.write(`\n== ${name}\n`);
  const start = performance.now();
  const { result, note } = await stage();
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  lines.push(`${result.padEnd(8)} ${name.padEnd(8)} ${seconds.padStart(6)} s  ${note}`.trimEnd());
  failed ||= result === 'failed';
  if (failed && name === 'build') break;
}
process.stdout.write(`\n${lines.join('\n')}\n${failed ? 'FAILED' : 'PASSED'}\n`);
process.exitCode = failed ? 1 : 0;

/** @returns {Outcome} */
function runVitest() {
  const report = join(projectRoot, 'build/vitest.json');
  rmSync(report, { force: true });
  const outcome = tool(
    'vitest',
    'vitest',
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
  );
  try {
    const { numPassedTests, numTotalTests, numPendingTests } = JSON.parse(readFileSync(report, 'utf8'));
    return { ...outcome, note: `${numPassedTests} of ${numTotalTests} passed, ${numPendingTests} skipped` };
  } catch {
    return { result: 'failed', note: 'vitest ended without a report' };
  }
}

/** @param {Outcome} first @param {() => Outcome} second @returns {Outcome} */
function all(first, second) {
  return first.result === 'ok' ? second() : first;
}

/** @param {string} script @param {string[]} args @returns {Outcome} */
function node(script, ...args) {
  const { status } = spawnSync(process.execPath, [script, ...args], { cwd: projectRoot, stdio: 'inherit' });
  return { result: status === 0 ? 'ok' : 'failed', note: '' };
}

/** @param {string} packageName @param {string} command @param {string[]} args @returns {Outcome} */
function tool(packageName, command, ...args) {
  const script = packageCommand(packageName, command);
  return script === null
    ? { result: 'failed', note: `${packageName} is not installed: run npm ci` }
    : node(script, ...args);
}
