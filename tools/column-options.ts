// Options that choose what of a vector file is read, for the verbs that take more than its vectors' usual place.
import type { Command } from 'commander';

export interface ColumnOptions {
  format?: string;
  column?: string;
}

/** `file`: what the help calls the file. */
export function addColumnOption(command: Command, file: string): Command {
  return command
    .option('--format <name>', `format of ${file}, when its extension does not say`)
    .option('--column <name>', `column, member or dataset of ${file} with the vectors; FILE#NAME says the same`);
}
