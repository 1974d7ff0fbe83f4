// A `vamana serve` in a process of its own, on a free loopback port, for the tests that speak to one.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { projectRoot } from '../tools/tree.js';

export interface ServiceProcess {
  url: string;
  child: ChildProcess;
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

export interface Answer {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: answers are looked into, member by member, by who expects them
  body: any;
  text: string;
  headers: Headers;
}

export async function startServiceProcess(
  dataDir: string,
  environment: Record<string, string> = {},
): Promise<ServiceProcess> {
  const command = join(projectRoot(), 'dist', 'tools', 'vamana.js');
  const child = spawn(process.execPath, [command, '--json', 'serve', '--data-dir', dataDir, '--port', '0'], {
    env: { ...process.env, VAMANA__LOG__LEVEL: 'error', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const url = await urlOf(child);
  return {
    url,
    child,
    call: (method, path, body, headers = {}) => call(url + path, method, body, headers),
    async stop(signal = 'SIGTERM') {
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
      const ended = once(child, 'exit');
      child.kill(signal);
      await ended;
      return child.exitCode;
    },
  };
}

async function urlOf(child: ChildProcess): Promise<string> {
  let printed = '';
  let failed = '';
  child.stderr?.on('data', (chunk) => {
    failed += chunk;
  });
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
    printed += chunk;
    const url = /"url": "([^"]+)"/.exec(printed)?.[1];
    if (url !== undefined) return url;
  }
  throw new Error(`vamana serve ended before it listened: ${failed}`);
}

async function call(url: string, method: string, body: unknown, headers: Record<string, string>): Promise<Answer> {
  const isText = typeof body === 'string' || body instanceof Uint8Array || body instanceof FormData;
  const type = body instanceof FormData ? {} : { 'content-type': 'application/json' };
  const response = await fetch(url, {
    method,
    headers: { ...type, ...headers },
    ...(body === undefined ? {} : { body: (isText ? body : JSON.stringify(body)) as NonNullable<RequestInit['body']> }),
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') === true;
  return { status: response.status, body: isJson ? JSON.parse(text) : text, text, headers: response.headers };
}
