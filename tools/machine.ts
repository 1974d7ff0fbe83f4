// Facts about this machine and this process, for reports and for the memory part of search results.
// Read from Node and /proc; where /proc is missing the figures are 0.
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, release, totalmem, type } from 'node:os';

export interface MachineFacts {
  cpu: string;
  cores: number;
  memoryBytes: number;
  kernel: string;
  node: string;
}

export interface ProcessMemory {
  /** Most memory this process ever had resident (VmHWM). */
  rssPeak: number;
  /** Resident now, mapped files included (VmRSS). */
  rss: number;
  /** Resident and not backed by a file (RssAnon). */
  anonymous: number;
}

export function machineFacts(): MachineFacts {
  return {
    cpu: cpus()[0]?.model.trim() || process.arch,
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    kernel: `${type()} ${release()}`,
    node: process.version,
  };
}

export function processMemory(): ProcessMemory {
  return parseProcStatus(readProc('/proc/self/status'));
}

/** Resident bytes of the files below `folder` that this process has mapped. */
export function residentMapped(folder: string): number {
  return parseSmaps(readProc('/proc/self/smaps'), folder);
}

/** Bytes that this process has had fetched from a device so far, by calls, page faults or io_uring; NaN where unknown. */
export function deviceBytesRead(): number {
  return Number(/^read_bytes: (\d+)$/m.exec(readProc('/proc/self/io'))?.[1] ?? Number.NaN);
}

export function parseProcStatus(text: string): ProcessMemory {
  const bytes = (field: string): number =>
    Number(new RegExp(`^${field}:\\s*(\\d+) kB$`, 'm').exec(text)?.[1] ?? 0) * 1024;
  return { rssPeak: bytes('VmHWM'), rss: bytes('VmRSS'), anonymous: bytes('RssAnon') };
}

export function parseSmaps(text: string, folder: string): number {
  let inside = false;
  let total = 0;
  for (const line of text.split('\n')) {
    // 7f0000000000-7f0000001000 r--s 00000000 fd:00 42    /path/of/the file
    const mapping = /^[0-9a-f]+-[0-9a-f]+ \S+ \S+ \S+ \d+\s*(.*)$/.exec(line);
    if (mapping !== null) inside = mapping[1]?.startsWith(`${folder}/`) ?? false;
    else if (inside && line.startsWith('Rss:')) total += Number(/\d+/.exec(line)?.[0] ?? 0) * 1024;
  }
  return total;
}

function readProc(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
