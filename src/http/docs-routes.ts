// What the service says of its own operations: the OpenAPI document, and the same as a page. Both say nothing of the
// data, so no key is needed.
import { docsPage } from './docs-page.js';
import { openApiDocument } from './openapi.js';
import { RawAnswer } from './raw-answer.js';
import type { Route, WireRequest } from './route.js';

const frame = { method: 'GET', access: 'open', bare: true } as const;

export const DOCS_ROUTES: readonly Route[] = [
  {
    ...frame,
    path: '/openapi.json',
    title: 'this table as an OpenAPI document (ours)',
    handle: (request) => documentOf(request),
  },
  { ...frame, path: '/docs', title: 'this table as a page (ours)', handle: page },
];

function documentOf({ parts }: WireRequest): ReturnType<typeof openApiDocument> {
  return openApiDocument(parts.routes, parts.config.service.version);
}

function page(request: WireRequest): RawAnswer {
  return new RawAnswer(docsPage(documentOf(request)), {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'",
    'x-content-type-options': 'nosniff',
  });
}
