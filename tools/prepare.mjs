// npm's `prepare` script: compiles the TypeScript to dist/, and does nothing when dist/ was compiled from these
// very files. `--force` compiles in any case. Plain JavaScript, no dependencies.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isFresh, packageCommand, projectRoot, typescriptBuild } from './project.mjs';

const build = typescriptBuild();
if (process.argv.includes('--force') || !isFresh(build)) {
  const compiler = packageCommand('typescript', 'tsc');
  if (compiler !== null) compile(compiler);
  else
    process.stdout.write(
      'vamana-ssd: dist/ is left as it is: TypeScript is not installed (development packages omitted)\n',
    );
}

// Compiled beside dist/ and swapped in whole: no module of a deleted source stays behind, and a failed
// compilation leaves the last good dist/. The folder lies at the same depth, so source maps stay right.
/** @param {string} compiler */
function compile(compiler) {
  const fresh = join(projectRoot, 'dist-new');
  rmSync(fresh, { recursive: true, force: true });
  const args = [compiler, '-p', 'tsconfig.json', '--outDir', fresh, '--noEmitOnError'];
  const { status } = spawnSync(process.execPath, args, { cwd: projectRoot, stdio: 'inherit' });
  if (status !== 0) {
    rmSync(fresh, { recursive: true, force: true });
    process.stderr.write("vamana-ssd: the TypeScript does not compile; the compiler's message stands above\n");
    process.exit(1);
  }
  makeCommandsExecutable(fresh);
  rmSync(build.output, { recursive: true, force: true });
  renameSync(fresh, build.output);
  writeFileSync(build.stamp, `${build.hash}\n`);
}

// tsc writes no execute bit, which `npx vamana` from the checkout needs.
/** @param {string} folder */
function makeCommandsExecutable(folder) {
  /** @type {{ bin: Record<string, string> }} */
  const { bin } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8'));
  for (const path of Object.values(bin)) {
    const compiled = join(folder, path.replace(/^dist\//, ''));
    if (existsSync(compiled)) chmodSync(compiled, 0o755);
  }
}
