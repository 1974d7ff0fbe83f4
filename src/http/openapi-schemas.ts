// What bodies and results look like, for the OpenAPI document: JSON schemas by name, and which operation takes and gives
// which. Descriptions for people and generators of clients; what is refused is decided where bodies are read. A
// parameter is named here as in the table of routes.

export type Schema = Readonly<Record<string, unknown>>;

const integer = { type: 'integer', minimum: 0 } as const;
const number = { type: 'number' } as const;
const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;
const any = {} as const;
const ids = list(ref('PointId'));

function ref(name: string): Schema {
  return { $ref: `#/components/schemas/${name}` };
}

function list(items: Schema): Schema {
  return { type: 'array', items };
}

function object(properties: Readonly<Record<string, Schema>>, ...required: readonly string[]): Schema {
  return { type: 'object', properties, ...(required.length === 0 ? {} : { required }) };
}

function oneOf(...schemas: readonly Schema[]): Schema {
  return { oneOf: schemas };
}

function oneWord(...words: readonly string[]): Schema {
  return { type: 'string', enum: words };
}

const chosen = { points: ids, filter: ref('Filter') };
const shown = { with_payload: ref('WithPayload'), with_vector: oneOf(flag, list(text)) };
const window = { limit: integer, offset: integer, score_threshold: number, filter: ref('Filter') };
const tuned = { params: ref('SearchParams') };

export const SCHEMAS: Readonly<Record<string, Schema>> = {
  PointId: oneOf({ type: 'integer', format: 'uint64', minimum: 0 }, { type: 'string', format: 'uuid' }),
  Vector: oneOf(list(number), { type: 'object', additionalProperties: list(number), maxProperties: 1 }),
  Payload: { type: 'object', additionalProperties: true },
  WithPayload: oneOf(flag, list(text), object({ include: list(text), exclude: list(text) })),
  Filter: object({
    must: any,
    should: any,
    must_not: any,
    min_should: object({ conditions: list({ type: 'object' }), min_count: integer }),
  }),
  SearchParams: object({
    hnsw_ef: { ...integer, description: 'size of the candidate list' },
    exact: { ...flag, description: 'scan every vector' },
    quantization: object({ oversampling: number, rescore: flag }),
  }),
  CreateCollection: object(
    {
      vectors: { description: 'VectorParams, or an object with one name and its VectorParams', type: 'object' },
      sparse_vectors: { type: 'object' },
      hnsw_config: object({ m: integer, ef_construct: integer }),
      optimizers_config: { type: 'object' },
      quantization_config: { type: 'object' },
      on_disk_payload: flag,
    },
    'vectors',
  ),
  VectorParams: object(
    {
      size: { ...integer, minimum: 1 },
      distance: oneWord('Cosine', 'Euclid', 'Dot', 'Manhattan'),
      datatype: oneWord('float32', 'float16', 'uint8'),
      on_disk: flag,
    },
    'size',
    'distance',
  ),
  UpdateCollection: { type: 'object', description: 'parameters that are echoed' },
  ChangeAliases: object(
    { actions: list({ type: 'object', description: 'create_alias, delete_alias or rename_alias' }) },
    'actions',
  ),
  Point: object({ id: ref('PointId'), vector: ref('Vector'), payload: ref('Payload') }, 'id', 'vector'),
  Upsert: oneOf(
    object({ points: list(ref('Point')), update_mode: oneWord('upsert', 'insert_only', 'update_only') }, 'points'),
    object({ batch: object({ ids, vectors: any, payloads: list(ref('Payload')) }, 'ids', 'vectors') }, 'batch'),
  ),
  UpdateVectors: object(
    { points: list(object({ id: ref('PointId'), vector: ref('Vector') }, 'id', 'vector')) },
    'points',
  ),
  PointsSelector: object(chosen),
  SetPayload: object({ payload: ref('Payload'), key: text, ...chosen }, 'payload'),
  DeletePayload: object({ keys: list(text), ...chosen }, 'keys'),
  Operations: object(
    { operations: list({ type: 'object', description: 'one of upsert, delete, set_payload, and so on' }) },
    'operations',
  ),
  UpdateResult: object(
    { operation_id: integer, status: oneWord('completed', 'acknowledged') },
    'operation_id',
    'status',
  ),
  UpdateResults: list(ref('UpdateResult')),
  GetPoints: object({ ids, ...shown }, 'ids'),
  Record: object({ id: ref('PointId'), payload: ref('Payload'), vector: ref('Vector') }, 'id'),
  Records: list(ref('Record')),
  Scroll: object({ offset: ref('PointId'), limit: integer, filter: ref('Filter'), ...shown }),
  ScrollResult: object({ points: ref('Records'), next_page_offset: any }, 'points', 'next_page_offset'),
  Count: object({ filter: ref('Filter'), exact: flag }),
  CountResult: object({ count: integer }, 'count'),
  Query: object({
    query: { description: 'a vector, an id, or one of nearest, recommend, fusion, rrf, sample; nothing: by id' },
    prefetch: oneOf(ref('Query'), list(ref('Query'))),
    using: text,
    lookup_from: object({ collection: text, vector: text }, 'collection'),
    ...window,
    ...tuned,
    ...shown,
  }),
  QueryBatch: object({ searches: list(ref('Query')) }, 'searches'),
  Search: object({ vector: any, ...window, ...tuned, ...shown }, 'vector'),
  SearchBatch: object({ searches: list(ref('Search')) }, 'searches'),
  Recommend: object({
    positive: list(any),
    negative: list(any),
    strategy: oneWord('average_vector', 'best_score', 'sum_scores'),
    using: text,
    lookup_from: object({ collection: text, vector: text }, 'collection'),
    ...window,
    ...tuned,
    ...shown,
  }),
  RecommendBatch: object({ searches: list(ref('Recommend')) }, 'searches'),
  ScoredPoint: object(
    { id: ref('PointId'), version: integer, score: number, payload: ref('Payload'), vector: ref('Vector') },
    'id',
    'version',
    'score',
  ),
  ScoredPoints: list(ref('ScoredPoint')),
  QueryResult: object({ points: ref('ScoredPoints') }, 'points'),
  QueryResults: list(ref('QueryResult')),
  SearchResults: list(ref('ScoredPoints')),
  QueryGroups: object({ group_by: text, group_size: integer, ...tuned, ...window, ...shown }, 'group_by'),
  Groups: object({ groups: list(object({ id: any, hits: ref('ScoredPoints') }, 'id', 'hits')) }, 'groups'),
  CreateIndex: object({ field_name: text, field_schema: any }, 'field_name'),
  Facet: object({ key: text, limit: integer, filter: ref('Filter'), exact: flag }, 'key'),
  FacetResult: object({ hits: list(object({ value: any, count: integer }, 'value', 'count')) }, 'hits'),
  Done: flag,
  Snapshot: object({ name: text, creation_time: text, size: integer, checksum: text }, 'name', 'size'),
  Snapshots: list(ref('Snapshot')),
  RecoverSnapshot: object({ location: { type: 'string', format: 'uri' }, checksum: text, priority: text }, 'location'),
  File: { type: 'string', format: 'binary' },
  Error: object({ status: object({ error: text }, 'error'), time: number }, 'status', 'time'),
};

interface Shapes {
  body?: string;
  result?: string;
}

const COLLECTION = '/collections/:collection';
const POINTS = `${COLLECTION}/points`;

/** By method and path; what is not here takes and gives any JSON. */
export const SHAPES: Readonly<Record<string, Shapes>> = {
  [`PUT ${COLLECTION}`]: { body: 'CreateCollection', result: 'Done' },
  [`PATCH ${COLLECTION}`]: { body: 'UpdateCollection', result: 'Done' },
  [`DELETE ${COLLECTION}`]: { result: 'Done' },
  'POST /collections/aliases': { body: 'ChangeAliases', result: 'Done' },
  [`PUT ${POINTS}`]: { body: 'Upsert', result: 'UpdateResult' },
  [`POST ${POINTS}`]: { body: 'GetPoints', result: 'Records' },
  [`GET ${POINTS}/:id`]: { result: 'Record' },
  [`POST ${POINTS}/delete`]: { body: 'PointsSelector', result: 'UpdateResult' },
  [`PUT ${POINTS}/vectors`]: { body: 'UpdateVectors', result: 'UpdateResult' },
  [`POST ${POINTS}/payload`]: { body: 'SetPayload', result: 'UpdateResult' },
  [`PUT ${POINTS}/payload`]: { body: 'SetPayload', result: 'UpdateResult' },
  [`POST ${POINTS}/payload/delete`]: { body: 'DeletePayload', result: 'UpdateResult' },
  [`POST ${POINTS}/payload/clear`]: { body: 'PointsSelector', result: 'UpdateResult' },
  [`POST ${POINTS}/batch`]: { body: 'Operations', result: 'UpdateResults' },
  [`POST ${POINTS}/scroll`]: { body: 'Scroll', result: 'ScrollResult' },
  [`POST ${POINTS}/count`]: { body: 'Count', result: 'CountResult' },
  [`POST ${POINTS}/query`]: { body: 'Query', result: 'QueryResult' },
  [`POST ${POINTS}/query/batch`]: { body: 'QueryBatch', result: 'QueryResults' },
  [`POST ${POINTS}/search`]: { body: 'Search', result: 'ScoredPoints' },
  [`POST ${POINTS}/search/batch`]: { body: 'SearchBatch', result: 'SearchResults' },
  [`POST ${POINTS}/recommend`]: { body: 'Recommend', result: 'ScoredPoints' },
  [`POST ${POINTS}/recommend/batch`]: { body: 'RecommendBatch', result: 'SearchResults' },
  ...Object.fromEntries(
    ['query', 'search', 'recommend'].map((name) => [
      `POST ${POINTS}/${name}/groups`,
      { body: 'QueryGroups', result: 'Groups' },
    ]),
  ),
  [`PUT ${COLLECTION}/index`]: { body: 'CreateIndex', result: 'UpdateResult' },
  [`DELETE ${COLLECTION}/index/:field`]: { result: 'UpdateResult' },
  [`POST ${COLLECTION}/facet`]: { body: 'Facet', result: 'FacetResult' },
  [`GET ${COLLECTION}/snapshots`]: { result: 'Snapshots' },
  [`POST ${COLLECTION}/snapshots`]: { result: 'Snapshot' },
  [`DELETE ${COLLECTION}/snapshots/:snapshot`]: { result: 'Done' },
  [`PUT ${COLLECTION}/snapshots/recover`]: { body: 'RecoverSnapshot', result: 'Done' },
};
