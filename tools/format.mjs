// Formats the C++ as .clang-format and everything else as biome.json ask; with `--check` it changes nothing and
// fails where a file differs. C++ is left out where clang-format is not installed.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { packageCommand, projectRoot } from './project.mjs';

const check = process.argv.includes('--check');
const biome = packageCommand('@biomejs/biome', 'biome');
const results = [
  biome !== null && run(process.execPath, [biome, 'format', ...(check ? [] : ['--write'])]),
  formatNative(),
];
process.exitCode = results.every(Boolean) ? 0 : 1;

/** @returns {boolean} */
function formatNative() {
  if (spawnSync('clang-format', ['--version']).status !== 0) {
    process.stdout.write('C++ left out: apt install clang-format\n');
    return true;
  }
  const found = readdirSync(join(projectRoot, 'native'), { recursive: true, encoding: 'utf8' });
  const files = found.filter((path) => /\.(cc|h)$/.test(path)).map((path) => join('native', path));
  return run('clang-format', [...(check ? ['--dry-run', '-Werror'] : ['-i']), ...files]);
}

/** @param {string} command @param {string[]} args */
function run(command, args) {
  return spawnSync(command, args, { cwd: projectRoot, stdio: 'inherit' }).status === 0;
}
