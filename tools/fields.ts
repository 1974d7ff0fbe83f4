// `vamana fields`: the indexes of payload fields: lists them, makes and drops some.
import { type Command, InvalidArgumentError } from 'commander';
import { VamanaError } from '../src/errors.js';
import { FIELD_TYPES, type FieldSchemaInput, type FieldStatus } from '../src/index.js';
import { addCollectionOptions, type CollectionVerbOptions, withCollection } from './database-options.js';
import { formatBytes, printJson, printLine, printTable, snakeKeys } from './output.js';
import { createProgress } from './progress.js';
import { action } from './run.js';

interface FieldsOptions extends CollectionVerbOptions {
  index?: [key: string, schema: FieldSchemaInput][];
  drop?: string[];
}

const LOOK_MS = 200;

export function register(program: Command): void {
  addCollectionOptions(program.command('fields'))
    .description('the indexes of payload fields; --index makes some, --drop drops some')
    .option('--index <field:type...>', `fields to index; types: ${FIELD_TYPES.join(', ')}`, parseField)
    .option('--drop <field...>', 'fields whose indexes go')
    .action(
      action<FieldsOptions>(async (options, { json }) => {
        await withCollection(options, async (collection) => {
          for (const key of options.drop ?? []) {
            if (await collection.dropFieldIndex(key)) continue;
            throw new VamanaError('NOT_FOUND', `collection ${collection.name} has no index of field ${key}`);
          }
          for (const [key, schema] of options.index ?? []) {
            const total = collection.count();
            const progress = createProgress({ label: `indexing ${key}`, unit: 'points', total });
            const { built } = await collection.createFieldIndex(key, schema);
            const watch = setInterval(() => {
              const field = collection.fieldIndexes().find((one) => one.key === key);
              progress.update(Math.floor(total * (field?.progress ?? 0)));
            }, LOOK_MS);
            try {
              await built;
              progress.update(total);
            } finally {
              clearInterval(watch);
              progress.end();
            }
          }
          const fields = collection.fieldIndexes();
          if (json) printJson({ collection: collection.name, fields: fields.map((field) => snakeKeys(field)) });
          else print(fields);
        });
      }),
    );
}

function print(fields: readonly FieldStatus[]): void {
  if (fields.length === 0) {
    printLine('no indexes');
    return;
  }
  printTable(fields, [
    { title: 'field', cell: ({ key }) => key },
    { title: 'type', cell: ({ schema }) => schema.type },
    { title: 'points', cell: ({ points }) => points },
    { title: 'memory', cell: ({ memoryBytes }) => formatBytes(memoryBytes), align: 'right' },
    { title: 'state', cell: stateOf },
  ]);
}

function stateOf({ isReady, progress, error }: FieldStatus): string {
  if (error !== null) return error;
  return isReady ? 'ready' : `building, ${Math.floor(100 * progress)}%`;
}

// The type is behind the last colon: paths may have some.
function parseField(text: string, before: [string, FieldSchemaInput][] = []): [string, FieldSchemaInput][] {
  const at = text.lastIndexOf(':');
  const type = FIELD_TYPES.find((one) => one === text.slice(at + 1));
  if (at > 0 && type !== undefined) return [...before, [text.slice(0, at), type]];
  throw new InvalidArgumentError(`Expected field:type with one of the types ${FIELD_TYPES.join(', ')}.`);
}
