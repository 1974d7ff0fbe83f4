// `npm run prebuild [-- FOLDER]`: packs the addon of this machine as an npm package of its own, in FOLDER (build/prebuilt
// by default), for machines that have no compiler. Installed beside vamana-ssd, with the same version, it is what
// install.mjs finds instead of compiling and src/binding.ts loads. Plain JavaScript, no dependencies.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { arch, platform } from 'node:process';
import { addonBuild, isFresh, prebuiltName, projectRoot } from './project.mjs';

const build = addonBuild();
if (!isFresh(build)) {
  process.stderr.write('vamana-ssd: the addon is not built from these sources: run `npm run build` first\n');
  process.exit(1);
}

const target = resolve(process.argv[2] ?? join(projectRoot, 'build', 'prebuilt'));
const name = prebuiltName();
const folder = join(target, name);
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
copyFileSync(build.output, join(folder, 'vamana.node'));
copyFileSync(join(projectRoot, 'LICENSE'), join(folder, 'LICENSE'));
writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest(), null, 2)}\n`);
writeFileSync(
  join(folder, 'README.md'),
  `# ${name}\n\nThe native addon of vamana-ssd, built for one platform. Install vamana-ssd.\n`,
);

const packed = spawnSync('npm', ['pack', '--silent', '--pack-destination', target], { cwd: folder, encoding: 'utf8' });
if (packed.status !== 0) {
  process.stderr.write(`vamana-ssd: npm pack failed: ${packed.stderr}\n`);
  process.exit(1);
}
process.stdout.write(`${join(target, packed.stdout.trim())}\n`);

// npm installs it on machines that it fits only, where it is named among the optional dependencies.
function manifest() {
  const { version, license, author } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8'));
  return {
    name,
    version,
    description: `The native addon of vamana-ssd for ${platform} on ${arch}`,
    license,
    author,
    os: [platform],
    cpu: [arch],
    libc: [name.endsWith('glibc') ? 'glibc' : 'musl'],
    files: ['vamana.node'],
  };
}
