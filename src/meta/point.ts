// What users store: a point's id and payload, as every part from the WAL to the replies means them.
export type PointId = bigint | string; // u64 as bigint; UUID canonical lower-case string; other strings only when the collection allows them
export type Payload = { [key: string]: unknown }; // JSON
