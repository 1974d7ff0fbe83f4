// The OpenAPI document as one page for people: plain HTML made here, with its style in it. No script and nothing from
// anywhere else, so it can be read where there is no network. Called by docs-routes.ts.
import type { OpenApiDocument, OpenApiOperation } from './openapi.js';
import type { Schema } from './openapi-schemas.js';

const STYLE = `
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
code, pre { font: 13px/1.4 ui-monospace, monospace; }
pre { background: #f5f5f5; padding: .6rem; overflow-x: auto; }
details { border: 1px solid #ddd; border-radius: 4px; margin: .3rem 0; padding: .3rem .6rem; }
summary { cursor: pointer; }
summary b { display: inline-block; width: 4.5rem; }
.refused { color: #888; }
@media (prefers-color-scheme: dark) {
  body { background: #1b1b1b; color: #ddd; } pre { background: #262626; } details { border-color: #444; }
  a { color: #8ab4f8; }
}`;

export function docsPage(document: OpenApiDocument): string {
  const byTag = new Map<string, string[]>();
  for (const [path, operations] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      const tag = operation.tags[0] ?? '';
      byTag.set(tag, [...(byTag.get(tag) ?? []), operationHtml(method, path, operation)]);
    }
  }
  const sections = [...byTag].map(([tag, operations]) => `<h2>${escaped(tag)}</h2>\n${operations.join('\n')}`);
  const schemas = Object.entries(document.components.schemas).map(([name, schema]) => schemaHtml(name, schema));
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>vamana-ssd: operations</title><style>${STYLE}</style></head><body>
<h1>vamana-ssd ${escaped(String(document.info.version))}</h1>
<p>${escaped(String(document.info.description))} For programs: <a href="openapi.json">openapi.json</a>.</p>
${sections.join('\n')}
<h2>schemas</h2>
${schemas.join('\n')}
</body></html>
`;
}

function operationHtml(method: string, path: string, operation: OpenApiOperation): string {
  const { summary, description, parameters, requestBody, responses, deprecated } = operation;
  const parts = [
    `<p>${escaped(description)}</p>`,
    parameters.length === 0 ? '' : `<p>Parameters: ${parameters.map(parameterHtml).join(', ')}</p>`,
    requestBody === undefined ? '' : `<p>Body</p>${json(requestBody.content)}`,
    `<p>Answers</p>${json(responses)}`,
  ];
  const name = `<b>${method.toUpperCase()}</b> <code>${escaped(path)}</code> ${escaped(summary)}`;
  const mark = deprecated === true ? ' class="refused"' : '';
  return `<details id="${escaped(operation.operationId)}"${mark}><summary>${name}</summary>${parts.join('')}</details>`;
}

function parameterHtml({ name, in: place }: Schema): string {
  return `<code>${escaped(String(name))}</code> (${escaped(String(place))})`;
}

function schemaHtml(name: string, schema: Schema): string {
  return `<details id="schema-${escaped(name)}"><summary><code>${escaped(name)}</code></summary>${json(schema)}</details>`;
}

function json(value: unknown): string {
  const text = escaped(JSON.stringify(value, null, 2));
  const link = '<a href="#schema-$1">#/components/schemas/$1</a>';
  return `<pre>${text.replace(/#\/components\/schemas\/(\w+)/g, link)}</pre>`;
}

function escaped(text: string): string {
  const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  return text.replace(/[&<>"]/g, (character) => entities[character] as string);
}
