// Dropping the system's page cache before something is measured, so that it begins with nothing in memory. Takes root;
// where it cannot be done the report says so. Called by run.ts, by the peers and by suites that start cold.
import { writeFileSync } from 'node:fs';

export function dropPageCache(): boolean {
  try {
    writeFileSync('/proc/sys/vm/drop_caches', '1');
    return true;
  } catch {
    return false;
  }
}
