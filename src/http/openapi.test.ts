import { describe, expect, it } from 'vitest';
import { docsPage } from './docs-page.js';
import { openApiDocument } from './openapi.js';
import { SHAPES } from './openapi-schemas.js';
import { ROUTES } from './routes.js';

const document = openApiDocument(ROUTES, '1.2.3');

describe('the OpenAPI document', () => {
  it.each(ROUTES.map((route) => [route.method, route.path, route] as const))('has %s %s', (method, path, route) => {
    const operation = document.paths[path.replace(/:(\w+)/g, '{$1}')]?.[method.toLowerCase()];
    expect(operation?.summary.toLowerCase()).toContain(route.title.toLowerCase());
    const named = operation?.parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => name);
    expect(named).toEqual([...path.matchAll(/:(\w+)/g)].map((match) => match[1]));
    expect(operation?.responses[200] === undefined).toBe(route.refused === true);
  });

  it('names each operation once, and no schema that it has not', () => {
    const ids = Object.values(document.paths).flatMap((path) =>
      Object.values(path).map(({ operationId }) => operationId),
    );
    expect(new Set(ids).size).toBe(ROUTES.length);
    const named = [...JSON.stringify(document).matchAll(/#\/components\/schemas\/(\w+)/g)].map((match) => match[1]);
    expect(named.filter((name) => !Object.hasOwn(document.components.schemas, name as string))).toEqual([]);
  });

  it('gives shapes to operations that there are', () => {
    const known = ROUTES.map(({ method, path }) => `${method} ${path}`);
    expect(Object.keys(SHAPES).filter((operation) => !known.includes(operation))).toEqual([]);
  });
});

it('the page shows every operation, and loads nothing', () => {
  const page = docsPage(document);
  for (const path of Object.keys(document.paths)) expect(page).toContain(`<code>${path}</code>`);
  expect(page).not.toMatch(/<script|<link|src=|https?:\/\//);
});
