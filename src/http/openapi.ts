// The OpenAPI document of the service, made of the same table of routes as the server: a route that is served is in it,
// one that is refused says so. Shapes of bodies are openapi-schemas.ts. Called by docs-routes.ts.
import type { Access } from './auth.js';
import { SCHEMAS, type Schema, SHAPES } from './openapi-schemas.js';
import { type Route, wirePath } from './route.js';

export interface OpenApiOperation {
  operationId: string;
  tags: string[];
  summary: string;
  description: string;
  deprecated?: true;
  parameters: Schema[];
  requestBody?: Schema;
  responses: Readonly<Record<string, Schema>>;
  security: Schema[];
}

export interface OpenApiDocument {
  openapi: string;
  info: Schema;
  security: Schema[];
  paths: Readonly<Record<string, Readonly<Record<string, OpenApiOperation>>>>;
  components: { securitySchemes: Schema; schemas: Readonly<Record<string, Schema>> };
}

const RIGHTS: Readonly<Record<Access, string>> = {
  open: 'Any key.',
  read: 'A key that may read.',
  write: 'A key that may write.',
  manage: 'A key that may make, change and drop collections.',
};

export function openApiDocument(routes: readonly Route[], version: string): OpenApiDocument {
  const paths: Record<string, Record<string, OpenApiOperation>> = {};
  for (const route of routes) {
    const path = wirePath(route);
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(route) };
  }
  return {
    openapi: '3.0.3',
    info: {
      title: 'vamana-ssd',
      version,
      description: "Vector search over Qdrant's REST API; operations under /vamana are this service's own.",
      license: { name: 'MIT' },
    },
    security: [{ 'api-key': [] }, { bearer: [] }],
    paths,
    components: {
      securitySchemes: {
        'api-key': { type: 'apiKey', in: 'header', name: 'api-key' },
        bearer: { type: 'http', scheme: 'bearer' },
      },
      schemas: SCHEMAS,
    },
  };
}

function operationOf(route: Route): OpenApiOperation {
  const { method, path, title, access, note, refused } = route;
  const free = access === 'open' && route.bare === true;
  const notes = [refused === true ? `Refused with 400: ${note}.` : note === undefined ? '' : `${sentence(note)}`];
  const body = bodyOf(route);
  return {
    operationId: `${method.toLowerCase()}${path.replace(/[/:]+(\w*)/g, (_, word) => (word === '' ? '' : `_${word}`))}`,
    tags: [tagOf(path)],
    summary: sentence(title),
    description: [...notes, free ? 'No key is needed.' : RIGHTS[access]].filter((part) => part !== '').join(' '),
    ...(refused === true ? { deprecated: true } : {}),
    parameters: parametersOf(route),
    ...(body === undefined ? {} : { requestBody: { content: body } }),
    responses: responsesOf(route),
    security: free ? [] : [{ 'api-key': [] }, { bearer: [] }],
  };
}

function bodyOf({ method, path, takes, refused }: Route): Schema | undefined {
  if (takes === 'stream') {
    const form = { type: 'object', properties: { snapshot: { type: 'string', format: 'binary' } } };
    return { 'multipart/form-data': { schema: form } };
  }
  if (takes === 'bytes') return { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } };
  const name = SHAPES[`${method} ${path}`]?.body;
  if (name !== undefined) return { 'application/json': { schema: refTo(name) } };
  return method === 'GET' || method === 'DELETE' || refused === true
    ? undefined
    : { 'application/json': { schema: {} } };
}

function parametersOf({ path, method, access, long }: Route): Schema[] {
  const inPath = [...path.matchAll(/:(\w+)/g)].map(([, name]) => parameter(name as string, 'path', { type: 'string' }));
  const wait = parameter('wait', 'query', { type: 'boolean', default: true });
  const timeout = parameter('timeout', 'query', { type: 'integer', minimum: 1 });
  const cost = parameter('cost', 'query', { type: 'boolean', default: false });
  const changes = method !== 'GET' && (access === 'write' || long === true);
  const asks = /\/points\/(query|search|recommend)/.test(path);
  return [...inPath, ...(changes ? [wait] : []), ...(long === undefined ? [timeout] : []), ...(asks ? [cost] : [])];
}

function parameter(name: string, place: 'path' | 'query', schema: Schema): Schema {
  return { name, in: place, required: place === 'path', schema };
}

function responsesOf({ method, path, bare, refused }: Route): Readonly<Record<string, Schema>> {
  const failure = { description: 'what was wrong', content: { 'application/json': { schema: refTo('Error') } } };
  if (refused === true) return { 400: failure };
  const result = SHAPES[`${method} ${path}`]?.result;
  const answer = {
    type: 'object',
    properties: {
      result: result === undefined ? {} : refTo(result),
      status: { type: 'string', example: 'ok' },
      time: { type: 'number', description: 'seconds' },
    },
  };
  const done = bare === true ? {} : { content: { 'application/json': { schema: answer } } };
  return { 200: { description: 'done', ...done }, default: failure };
}

function refTo(name: string): Schema {
  return { $ref: `#/components/schemas/${name}` };
}

function tagOf(path: string): string {
  if (path.startsWith('/vamana')) return 'vamana';
  if (path.includes('/snapshots')) return 'snapshots';
  if (/\/points\/(query|search|recommend|discover)/.test(path)) return 'search';
  if (path.includes('/points')) return 'points';
  return path.includes('/collections') || path === '/aliases' ? 'collections' : 'service';
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${text.endsWith('.') ? '' : '.'}`;
}
