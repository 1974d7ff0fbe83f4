// One clock for all threads of the process, in milliseconds; performance.now() begins with each thread.

export function clockMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
