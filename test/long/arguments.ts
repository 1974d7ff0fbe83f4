// Options of the long tests: `--name value`, whole numbers. Not for users: the `vamana` command has commander.
import { parseArgs } from 'node:util';

export function numbers<Name extends string>(defaults: Record<Name, number>): Record<Name, number> {
  const options = Object.fromEntries(Object.keys(defaults).map((name) => [name, { type: 'string' as const }]));
  const { values } = parseArgs({ options });
  const result = { ...defaults };
  for (const [name, text] of Object.entries(values)) {
    const value = Number(text);
    if (!Number.isSafeInteger(value) || value < 0) throw new Error(`--${name}: found ${text}, expected a whole number`);
    result[name as Name] = value;
  }
  return result;
}

export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
