// What a point is to the user: the id and the payload. The vector is bytes of the collection's element type and
// travels apart from these two. Everything above this floor takes the types from here.

/** A whole number from 0 to 2^64 - 1, a UUID in canonical lower-case form, or, where the collection allows it, any other string. */
export type PointId = bigint | string;

/** An id as users spell it; parsePointId (src/meta/point-id.ts) says what it may be. */
export type PointIdInput = number | bigint | string;

/** A JSON object. Numbers past 2^53 that must stay exact are bigints. */
export type Payload = { [key: string]: unknown };
