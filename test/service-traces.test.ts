// Traces of `vamana serve`, as a small collector of our own on loopback receives them: OTLP over HTTP, as JSON. What a
// span of a request is called, its stages, its parent; that a caller's decision holds, and that without an endpoint, or
// with one that does not answer, requests are answered all the same.
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ServiceProcess, startServiceProcess } from './service-process.js';
import { temporaryFolder } from './vector-files.js';

interface Attribute {
  key: string;
  value: { stringValue?: string; intValue?: number };
}

interface Span {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes: Attribute[];
}

interface Export {
  resourceSpans: { resource: { attributes: Attribute[] }; scopeSpans: { spans: Span[] }[] }[];
}

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';
const QUERY = 'POST /collections/{collection}/points/query';

const folder = temporaryFolder();
const received: Export[] = [];
let collector: Server;
let spans: Span[];

beforeAll(async () => {
  collector = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    received.push(JSON.parse(Buffer.concat(chunks).toString()) as Export);
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  });
  collector.listen(0, '127.0.0.1');
  await once(collector, 'listening');
  const service = await startServiceProcess(folder.file('data'), {
    VAMANA__TRACES__ENDPOINT: `http://127.0.0.1:${(collector.address() as AddressInfo).port}/v1/traces`,
  });
  await use(service);
  // What is left is sent as it ends.
  expect(await service.stop()).toBe(0);
  spans = received.flatMap(({ resourceSpans }) =>
    resourceSpans.flatMap(({ scopeSpans }) => scopeSpans).flatMap((scope) => scope.spans),
  );
});
afterAll(() => collector.close());

async function use(service: ServiceProcess): Promise<void> {
  await service.call('PUT', '/collections/traced', { vectors: { size: 2, distance: 'Euclid' } });
  const points = [1, 2, 3].map((id) => ({ id, vector: [id, 0], payload: { n: id } }));
  await service.call('PUT', '/collections/traced/points?wait=true', { points });
  const filter = { must: [{ key: 'n', range: { gte: 2 } }] };
  const traceparent = `00-${TRACE}-${PARENT}-01`;
  const found = await service.call(
    'POST',
    '/collections/traced/points/query',
    { query: [1, 0], filter },
    { traceparent },
  );
  expect(found.body.result.points).toHaveLength(2);
  await service.call('POST', '/collections/traced/points/query', { query: [1] });
  await service.call('POST', '/collections/traced/points/count', {}, { traceparent: `00-${TRACE}-${PARENT}-00` });
  await service.call('GET', '/readyz');
}

function attributeOf({ attributes }: Span, name: string): unknown {
  const value = attributes.find(({ key }) => key === name)?.value;
  return value?.stringValue ?? value?.intValue;
}

describe('traces', () => {
  it('have a span a request, with its stages, below the span of the caller', () => {
    const query = spans.find(({ name, traceId }) => name === QUERY && traceId === TRACE) as Span;
    expect(query.parentSpanId).toBe(PARENT);
    expect(attributeOf(query, 'http.route')).toBe('/collections/{collection}/points/query');
    expect(attributeOf(query, 'vamana.collection')).toBe('traced');
    expect(attributeOf(query, 'http.response.status_code')).toBe(200);
    const stages = spans.filter(({ parentSpanId }) => parentSpanId === query.spanId);
    expect(stages.map(({ name }) => name)).toEqual(['parse', 'filter', 'walk', 'read', 'rank', 'serialise']);
    for (const { startTimeUnixNano, endTimeUnixNano } of stages) {
      expect(BigInt(endTimeUnixNano)).toBeGreaterThanOrEqual(BigInt(startTimeUnixNano));
    }
  });

  it('are begun where the caller has none, and tell failures and writes', () => {
    const failed = spans.find((span) => span.name === QUERY && attributeOf(span, 'http.response.status_code') === 400);
    expect(failed?.parentSpanId ?? '').toBe('');
    expect(failed?.traceId).not.toBe(TRACE);
    const upsert = spans.find(({ name }) => name === 'PUT /collections/{collection}/points') as Span;
    const stages = spans.filter(({ parentSpanId }) => parentSpanId === upsert.spanId);
    expect(stages.map(({ name }) => name)).toEqual(['parse', 'check', 'write', 'serialise']);
  });

  it('are of no request whose caller decided against it, and of no look at whether the service is well', () => {
    expect(spans.filter(({ name }) => name.includes('count') || name.includes('readyz'))).toEqual([]);
    const [attributes] = received.flatMap(({ resourceSpans }) =>
      resourceSpans.map(({ resource }) => resource.attributes),
    );
    expect(attributes).toContainEqual({ key: 'service.name', value: { stringValue: 'vamana-ssd' } });
  });

  it('keep no request waiting when nobody takes them', async () => {
    const service = await startServiceProcess(folder.file('deaf'), {
      VAMANA__TRACES__ENDPOINT: 'http://127.0.0.1:9/v1/traces',
    });
    expect((await service.call('GET', '/collections')).status).toBe(200);
    expect(await service.stop()).toBe(0);
  });
});
