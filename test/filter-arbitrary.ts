// Random payloads and random filters over them: few keys and few values, so that filters match now and then.
import fc from 'fast-check';

type Json = Record<string, unknown>;

const words = ['red', 'Red fox', 'the quick fox', 'fox red', '', 'été', 're'];
const dates = ['2024-01-01', '2024-05-01T12:00:00Z', '2024-05-01T14:00:00+02:00', '2023-12-31T23:59:59.5Z'];
const big = 2n ** 60n + 1n;

const scalar = fc.oneof(
  fc.constantFrom(...words, ...dates),
  fc.integer({ min: -2, max: 3 }),
  fc.constantFrom<unknown>(0.5, -0, big, big + 1n, true, false, null),
);
const place = fc.record({
  lon: fc.constantFrom(-180, -179, -1, 0, 1, 13.4, 180),
  lat: fc.constantFrom(-90, -1, 0, 1, 52.5, 89),
});
const value = fc.oneof(
  { weight: 5, arbitrary: scalar },
  { weight: 2, arbitrary: fc.array(scalar, { maxLength: 3 }) },
  { weight: 1, arbitrary: place },
  { weight: 1, arbitrary: fc.array(place, { maxLength: 2 }) },
);
const inner: fc.Arbitrary<Json> = fc.record({ x: value, y: value }, { requiredKeys: [] });

export const payloads: fc.Arbitrary<Json | null> = fc.option(
  fc.record(
    { a: value, b: value, o: inner, list: fc.oneof(fc.array(fc.oneof(inner, scalar), { maxLength: 3 }), inner) },
    { requiredKeys: [] },
  ),
  { freq: 10 },
);

const keys = fc.constantFrom('a', 'b', 'o.x', 'list[].x', 'list[0].y', 'a[]', 'missing');
const wanted = scalar.filter((one) => one !== null);
const bound = fc.oneof(fc.integer({ min: -2, max: 3 }), fc.constantFrom<number | bigint>(0.5, big));
const boundsOf = <T>(one: fc.Arbitrary<T>) => fc.record({ gt: one, gte: one, lt: one, lte: one }, { requiredKeys: [] });
const ring = {
  points: [
    { lon: -2, lat: -2 },
    { lon: 2, lat: -2 },
    { lon: 2, lat: 2 },
    { lon: -2, lat: 2 },
    { lon: -2, lat: -2 },
  ],
};
const hole = {
  points: [
    { lon: -1, lat: -1 },
    { lon: 1, lat: -1 },
    { lon: 1, lat: 1 },
    { lon: -1, lat: 1 },
    { lon: -1, lat: -1 },
  ],
};

const match = fc.oneof(
  fc.record({ value: wanted }),
  fc.record({ any: fc.array(wanted, { maxLength: 4 }) }),
  fc.record({ except: fc.array(wanted, { maxLength: 4 }) }),
  ...['text', 'text_any', 'phrase', 'prefix'].map((name) => fc.record({ [name]: fc.constantFrom(...words) })),
);

const fieldCondition: fc.Arbitrary<Json> = fc
  .tuple(
    keys,
    fc.oneof(
      { weight: 4, arbitrary: fc.record({ match }) },
      { weight: 2, arbitrary: fc.record({ range: boundsOf(bound) }) },
      { weight: 1, arbitrary: fc.record({ range: boundsOf(fc.constantFrom(...dates)) }) },
      { weight: 1, arbitrary: fc.record({ values_count: boundsOf(fc.nat(3)) }) },
      { weight: 1, arbitrary: fc.record({ is_empty: fc.boolean() }) },
      { weight: 1, arbitrary: fc.record({ is_null: fc.boolean() }) },
      {
        weight: 1,
        arbitrary: fc.record({ geo_radius: fc.record({ center: place, radius: fc.constantFrom(0, 2e5, 2e7) }) }),
      },
      { weight: 1, arbitrary: fc.constant({ geo_polygon: { exterior: ring, interiors: [hole] } }) },
      {
        weight: 1,
        arbitrary: fc.constantFrom(
          { geo_bounding_box: { top_left: { lon: -1, lat: 60 }, bottom_right: { lon: 20, lat: 0 } } },
          { geo_bounding_box: { top_left: { lon: 179, lat: 60 }, bottom_right: { lon: -179, lat: -60 } } },
        ),
      },
    ),
  )
  .map(([key, asked]) => ({ key, ...asked }));

const innerCondition: fc.Arbitrary<Json> = fc
  .tuple(fc.constantFrom('x', 'y'), fieldCondition)
  .map(([key, condition]): Json => ({ ...condition, key }));
const innerFilters = clauses(innerCondition);

/** Ids are 0 to 19. */
export const filters: fc.Arbitrary<Json> = fc.letrec<{ filter: Json; condition: Json }>((tie) => ({
  condition: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    { weight: 8, arbitrary: fieldCondition },
    { weight: 1, arbitrary: fc.record({ is_empty: fc.record({ key: keys }) }) },
    { weight: 1, arbitrary: fc.record({ is_null: fc.record({ key: keys }) }) },
    { weight: 1, arbitrary: fc.record({ has_id: fc.array(fc.nat(19), { maxLength: 8 }) }) },
    { weight: 1, arbitrary: fc.record({ has_vector: fc.constantFrom('', 'other') }) },
    {
      weight: 2,
      arbitrary: fc.record({
        nested: fc.record({ key: fc.constantFrom('list', 'list[]', 'o'), filter: innerFilters }),
      }),
    },
    { weight: 2, arbitrary: tie('filter') },
  ),
  filter: clauses(tie('condition')),
})).filter;

function clauses(condition: fc.Arbitrary<Json>): fc.Arbitrary<Json> {
  const some = fc.oneof(condition, fc.array(condition, { maxLength: 3 }));
  return fc.record(
    {
      must: some,
      should: some,
      must_not: some,
      min_should: fc.record({ conditions: fc.array(condition, { maxLength: 3 }), min_count: fc.nat(3) }),
    },
    { requiredKeys: [] },
  );
}
