// Fastify as the service uses it: no content types but those that routes ask for, its own clocks for bodies, answers
// written exactly, and what is no HTTP answered in the same envelope as all else. Called by service.ts.
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify';
import type { Logger } from 'pino';
import type { RequestRunner } from './request-runner.js';
import type { Route } from './route.js';
import type { ServiceConfig } from './service-config.js';
import { notFound } from './wire-error.js';
import { writeJson } from './wire-json.js';

export function createApp(
  { service }: ServiceConfig,
  logger: Logger,
  routes: readonly Route[],
  runner: RequestRunner,
): FastifyInstance {
  const https =
    service.tls_cert === null || service.tls_key === null
      ? null
      : { cert: readFileSync(service.tls_cert), key: readFileSync(service.tls_key) };
  const app: FastifyInstance = fastify({
    https,
    loggerInstance: logger as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    routerOptions: { maxParamLength: 2048 },
    // Bodies have a time of their own (read-body.ts); uploads take as long as they take.
    requestTimeout: 0,
    forceCloseConnections: 'idle',
    clientErrorHandler: answerNoRequest,
  } as object);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (request: Parameters<RequestRunner['readBody']>[0], stream: typeof request.raw) =>
    runner.readBody(request, stream),
  );
  app.setReplySerializer(writeJson);
  app.setErrorHandler((error, _request, reply) => runner.refuse(error, reply));
  app.setNotFoundHandler((request, reply) => runner.refuse(notFound(`${request.method} ${request.url}`), reply));
  app.addHook('onResponse', async (request, reply) => runner.done(request, reply));
  if (service.enable_cors) allowOrigins(app);
  for (const route of routes) {
    app.route({
      method: route.method,
      url: route.path,
      onRequest: async (request) => runner.admit(route, request),
      handler: (request, reply) => runner.run(route, request, reply),
    });
  }
  return app;
}

function allowOrigins(app: FastifyInstance): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.header('access-control-allow-origin', '*');
    if (request.method !== 'OPTIONS') return;
    reply.header('access-control-allow-methods', 'GET, PUT, POST, PATCH, DELETE');
    reply.header('access-control-allow-headers', 'api-key, authorization, content-type');
    return reply.code(204).send();
  });
}

const STATUS_LINES: Readonly<Record<string, string>> = {
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
};

// What came is no request that any route could see.
function answerNoRequest(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const line = STATUS_LINES[error.code ?? ''] ?? '400 Bad Request';
  const body = JSON.stringify({ status: { error: `Format error in the request: ${line.slice(4)}` }, time: 0 });
  const head = `content-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close`;
  socket.end(`HTTP/1.1 ${line}\r\n${head}\r\n\r\n${body}`);
}
