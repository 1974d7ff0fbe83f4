// What a filter asks of one field: types only. Parsed by src/filter/parse-filter.ts, answered with an index by
// the field indexes and without one by src/filter/match-condition.ts, which must agree.
//
// A field is a path into payloads (src/payload/payload-path.ts). Its values are what stands at the path; where that is
// an array, its elements. A condition holds when it holds for any one value, except where said otherwise.

/** Numbers compare by value; a bigint is a whole number past 2^53. Strings and booleans compare as they are. */
export type MatchValue = string | number | bigint | boolean;

/** A bigint only for a whole number that a number cannot hold; JavaScript compares the two exactly. */
export type Bound = number | bigint;

/** Each bound may be absent; all given ones hold for the same value. */
export interface Bounds {
  readonly gt?: Bound;
  readonly gte?: Bound;
  readonly lt?: Bound;
  readonly lte?: Bound;
}

/** Degrees: longitude -180 to 180, latitude -90 to 90. */
export interface GeoPoint {
  readonly lon: number;
  readonly lat: number;
}

export type FieldCondition =
  /** A value equals one of these; none of an empty list. */
  | { readonly kind: 'match'; readonly values: readonly MatchValue[] }
  /** A value is a string, number or boolean and equals none of these. */
  | { readonly kind: 'except'; readonly values: readonly MatchValue[] }
  /** A string value has every token of the text; see tokenize.ts. A text without tokens matches nothing. */
  | { readonly kind: 'text'; readonly text: string }
  /** A string value has any token of the text. */
  | { readonly kind: 'textAny'; readonly text: string }
  /** A string value has the tokens of the text one behind the other. */
  | { readonly kind: 'phrase'; readonly text: string }
  /** A string value begins with this, byte for byte. */
  | { readonly kind: 'prefix'; readonly prefix: string }
  /** Of values that are numbers. */
  | { readonly kind: 'range'; readonly bounds: Bounds }
  /** Of values that are strings in a form of RFC 3339 (datetime.ts); bounds in microseconds since 1970, UTC. */
  | { readonly kind: 'datetimeRange'; readonly bounds: Bounds }
  /** How many values there are: 0 where nothing or an empty array stands, 1 for null. Over all of them, not any one. */
  | { readonly kind: 'valuesCount'; readonly bounds: Bounds }
  /** Nothing stands there, or null, or an empty array. */
  | { readonly kind: 'isEmpty' }
  /** Null stands there, itself or as an element. */
  | { readonly kind: 'isNull' }
  /** A value {lon, lat} lies within so many metres of the centre, along the great circle. */
  | { readonly kind: 'geoRadius'; readonly center: GeoPoint; readonly radius: number }
  /** In the box, borders included; it crosses the date line where the left longitude is above the right one. */
  | { readonly kind: 'geoBox'; readonly topLeft: GeoPoint; readonly bottomRight: GeoPoint }
  /** In the ring and in no hole of it; rings are closed. */
  | {
      readonly kind: 'geoPolygon';
      readonly exterior: readonly GeoPoint[];
      readonly interiors: readonly (readonly GeoPoint[])[];
    };
