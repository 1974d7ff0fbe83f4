// Indexes of payload fields over the wire, and what they answer alone: facets.
import {
  FIELD_TYPES,
  type FieldSchema,
  type FieldSchemaInput,
  type TextOptions,
  TOKENIZERS,
} from '../field/field-schema.js';
import type { FieldStatus } from '../collection/field-indexes.js';
import { Fields, isObject } from './fields.js';
import { filterOption, readFilter } from './filter-option.js';
import { bodyOf, type Route, useCollection, type WireRequest } from './route.js';
import { badRequest } from './wire-error.js';

const COLLECTION = '/collections/:collection';

export const FIELD_ROUTES: readonly Route[] = [
  {
    method: 'PUT',
    path: `${COLLECTION}/index`,
    title: 'create a payload index',
    access: 'write',
    note: 'every type; of texts the tokenizers word, whitespace and prefix, without stop words, stemming and folding',
    handle: createIndex,
  },
  {
    method: 'DELETE',
    path: `${COLLECTION}/index/:field`,
    title: 'delete a payload index',
    access: 'write',
    handle: deleteIndex,
  },
  {
    method: 'POST',
    path: `${COLLECTION}/facet`,
    title: 'facets',
    access: 'read',
    note: 'always exact',
    handle: facet,
  },
];

async function createIndex(request: WireRequest): Promise<unknown> {
  const body = bodyOf(request);
  body.refuse('one node holds all of a collection', 'shard_key');
  body.required('field_name');
  const key = body.string('field_name') as string;
  const schema = readSchema(body);
  const wait = request.query.string('wait') === 'true';
  return useCollection(request, async (collection) => {
    const { built } = await collection.createFieldIndex(key, schema);
    if (wait) await built;
    else built.catch(() => undefined); // told by the description of the collection
    return { operation_id: collection.status().seq, status: wait ? 'completed' : 'acknowledged' };
  });
}

function deleteIndex(request: WireRequest): Promise<unknown> {
  const { field } = request.params;
  return useCollection(request, async (collection) => {
    await collection.dropFieldIndex(field as string);
    return { operation_id: collection.status().seq, status: 'completed' };
  });
}

const FACETS_DEFAULT = 10;

function facet(request: WireRequest): Promise<unknown> {
  const body = bodyOf(request);
  body.refuse('one node holds all of a collection', 'shard_key');
  body.boolean('exact');
  body.required('key');
  const key = body.string('key') as string;
  const limit = body.integer('limit', { least: 1, most: request.parts.config.limits.results }) ?? FACETS_DEFAULT;
  const options = { limit, ...filterOption(readFilter(body)), signal: request.signal };
  return useCollection(request, async (collection) => ({ hits: await collection.facet(key, options) }));
}

function readSchema(body: Fields): FieldSchemaInput {
  const given = body.raw('field_schema') ?? body.raw('field_type');
  if (given === undefined) {
    throw badRequest(`missing field \`field_schema\`: expected a type, one of ${FIELD_TYPES.join(', ')}`);
  }
  if (!isObject(given)) {
    const name = body.has('field_schema') ? 'field_schema' : 'field_type';
    return body.oneOf(name, FIELD_TYPES) as (typeof FIELD_TYPES)[number];
  }
  const schema = Fields.of(given, 'field_schema');
  schema.required('type');
  const type = schema.oneOf('type', FIELD_TYPES) as (typeof FIELD_TYPES)[number];
  return type === 'text' ? { type, text: readText(schema) } : { type };
}

function readText(schema: Fields): Partial<TextOptions> {
  if (schema.boolean('ascii_folding') === true) schema.refuse('leave it out', 'ascii_folding');
  schema.refuse('leave it out', 'stopwords', 'stemmer');
  const tokenizer = schema.oneOf('tokenizer', TOKENIZERS);
  const lowercase = schema.boolean('lowercase');
  const minTokenLength = schema.integer('min_token_len');
  const maxTokenLength = schema.integer('max_token_len');
  return {
    ...(tokenizer === undefined ? {} : { tokenizer }),
    ...(lowercase === undefined ? {} : { lowercase }),
    ...(minTokenLength === undefined ? {} : { minTokenLength: Math.max(1, minTokenLength) }),
    ...(maxTokenLength === undefined ? {} : { maxTokenLength }),
  };
}

/** Of the description of a collection. */
export function payloadSchema(fields: readonly FieldStatus[]): Record<string, unknown> {
  return Object.fromEntries(
    fields.map(({ key, schema, points }) => [key, { data_type: schema.type, ...wireParams(schema), points }]),
  );
}

function wireParams({ type, text }: FieldSchema): { params?: unknown } {
  if (text === undefined) return {};
  const { tokenizer, lowercase, minTokenLength, maxTokenLength } = text;
  return { params: { type, tokenizer, lowercase, min_token_len: minTokenLength, max_token_len: maxTokenLength } };
}
