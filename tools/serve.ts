// `vamana serve`: the service, until a signal ends it. Reads the configuration from file, environment and flags and
// prints what came of it; the first SIGTERM or Ctrl-C drains, a second one ends the process at once (tools/run.ts).
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { pino } from 'pino';
import { compatibilityTable } from '../src/http/compatibility.js';
import { startService } from '../src/http/service.js';
import {
  describeConfig,
  type Overrides,
  resolveServiceConfig,
  type ServiceConfig,
} from '../src/http/service-config.js';
import { printFacts, printJson, printLine } from './output.js';
import { action } from './run.js';

interface ServeOptions {
  config?: string;
  dataDir?: string;
  host?: string;
  port?: string;
  insecure?: true;
  compatibility?: true;
}

export function register(program: Command): void {
  program
    .command('serve')
    .description("serve a database over Qdrant's REST API; see docs/service.md")
    .option('--data-dir <dir>', 'folder of the database; ./data by default')
    .option('--host <address>', 'address to listen at; 127.0.0.1 by default')
    .option('--port <n>', 'port; 6333 by default, 0 takes a free one')
    .option('--config <file>', 'YAML or JSON; under the environment and the flags')
    .option('--insecure', 'listen beyond loopback without a key')
    .option('--compatibility', 'print the table of operations and end')
    .action(
      action<ServeOptions>(async (options, { signal, json }) => {
        if (options.compatibility === true) return printLine(compatibilityTable().trimEnd());
        const config = configOf(options);
        const service = await startService(config, pino({ level: config.log.level }, pino.destination(2)));
        try {
          if (json) printJson({ url: service.url, config: Object.fromEntries(describeConfig(config)) });
          else printFacts([['serving', service.url], ...describeConfig(config)]);
          if (!signal.aborted) await new Promise((stop) => signal.addEventListener('abort', stop, { once: true }));
        } finally {
          await service.close();
        }
      }),
    );
}

function configOf(options: ServeOptions): ServiceConfig {
  const { config: path, dataDir, host, port, insecure } = options;
  const flags: Overrides = {
    service: {
      ...(host === undefined ? {} : { host }),
      ...(port === undefined ? {} : { port }),
      ...(insecure === undefined ? {} : { insecure }),
    },
    storage: dataDir === undefined ? {} : { data_dir: dataDir },
  };
  const file = path === undefined ? {} : { file: { path, text: readFileSync(path, 'utf8') } };
  return resolveServiceConfig({ ...file, environment: process.env, flags });
}
