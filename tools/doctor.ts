// `vamana doctor`: what this machine offers (kernels, readers, locked memory, disk) and what to do about it.
import { dirname, resolve } from 'node:path';
import type { Command } from 'commander';
import { loadNative, type NativeDoctorReport } from '../src/binding.js';
import { machineFacts } from './machine.js';
import { type Fact, formatBytes, formatNumber, printFacts, printJson, printLine, snakeKeys } from './output.js';
import { action } from './run.js';

export function register(program: Command): void {
  program
    .command('doctor')
    .description('kernels, readers, locked memory and disk of this machine, with advice')
    .option('--dir <dir>', 'folder on the disk to probe', '.')
    .action(
      action<{ dir: string }>(async ({ dir }, { json }) => {
        const report = await loadNative().doctor(resolve(dir));
        const advice = adviceFor(report);
        if (json) {
          printJson(snakeKeys({ machine: machineFacts(), ...report, advice }));
          return;
        }
        printFacts(doctorFacts(report));
        printLine();
        for (const line of advice) printLine(line);
        if (advice.length === 0) printLine('nothing to improve');
      }),
    );
}

export function doctorFacts(report: NativeDoctorReport): Fact[] {
  const { cpu, io, lockedMemory, disk } = report;
  const machine = machineFacts();
  return [
    ['processor', `${machine.cpu}, ${machine.cores} cores`],
    ['kernels', cpu.level === cpu.best ? cpu.level : `${cpu.level}, though ${cpu.best} is possible`],
    ['features', cpu.features.join(' ')],
    ['memory', formatBytes(machine.memoryBytes)],
    ['kernel', machine.kernel],
    ['node', machine.node],
    [
      'reader',
      `${io.auto}, ${io.direct ? 'direct' : 'through the system cache'}${io.note === '' ? '' : ` (${io.note})`}`,
    ],
    ['io_uring', io.uring],
    ['locked memory', lockedMemoryText(lockedMemory.limitBytes)],
    ...diskFacts(disk),
  ];
}

/** One line for each thing that could be better here, saying how. */
export function adviceFor({ cpu, io, lockedMemory, disk }: NativeDoctorReport): string[] {
  const advice: string[] = [];
  if (cpu.level !== cpu.best) {
    advice.push(`kernels: ${cpu.best} is possible, but ${cpu.level} is forced: unset VAMANA_CPU`);
  }
  if (io.auto !== 'uring') {
    advice.push(
      `reader: ${io.auto}, because io_uring is not to be had (${io.uring}): allow it with sysctl ` +
        'kernel.io_uring_disabled=0, in a container with a seccomp profile that permits the io_uring calls',
    );
  }
  if (!io.direct) {
    advice.push(
      'reader: this folder takes no direct reads, so the system cache fills up with vectors: keep indexes on a plain ' +
        'disk file system (ext4, xfs), not on tmpfs or overlay',
    );
  }
  if (!lockedMemory.canLock || lockedMemory.limitBytes < LOCKED_BYTES_ENOUGH) {
    advice.push(
      `locked memory: ${lockedMemoryText(lockedMemory.limitBytes)}, so graph and codes may be swapped out: raise it with ` +
        'ulimit -l unlimited (shell), LimitMEMLOCK=infinity (systemd) or --ulimit memlock=-1 (docker)',
    );
  }
  if (disk !== null && disk.depth32ReadsPerSecond < READS_PER_SECOND_ENOUGH) {
    advice.push(
      `disk: ${formatNumber(Math.round(disk.depth32ReadsPerSecond))} random reads/s; a local NVMe drive gives ` +
        `${formatNumber(READS_PER_SECOND_ENOUGH)} and more: put the index on one, or give a larger --cache`,
    );
  }
  return advice;
}

/** Graph and codes of ten million rows or so. */
const LOCKED_BYTES_ENOUGH = 1e9;
const READS_PER_SECOND_ENOUGH = 20_000;
/** RLIM_INFINITY comes through as 2^64 - 1. */
const UNLIMITED = 2 ** 62;

function lockedMemoryText(limitBytes: number): string {
  return limitBytes >= UNLIMITED ? 'unlimited' : `at most ${formatBytes(limitBytes)}`;
}

function diskFacts(disk: NativeDoctorReport['disk']): Fact[] {
  if (disk === null) return [['disk', 'not probed']];
  const depth32 = formatNumber(Math.round(disk.depth32ReadsPerSecond));
  return [
    [
      'disk probed',
      `${dirname(disk.path)}, a file of ${formatBytes(disk.fileBytes)}, ${disk.direct ? 'direct' : 'through the system cache'}`,
    ],
    ['random 4 KiB reads', `${formatNumber(disk.depth1Us)} us one at a time, ${depth32}/s with 32 in flight`],
  ];
}
