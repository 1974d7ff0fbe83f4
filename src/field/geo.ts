// Places on the earth: what a payload's value says, how far two lie apart, and whether one lies in an area. The earth is
// a sphere. Conditions without an index and geo indexes both ask here, so that they agree.
import type { FieldCondition, GeoPoint } from './field-condition.js';

export type GeoCondition = Extract<FieldCondition, { kind: 'geoRadius' | 'geoBox' | 'geoPolygon' }>;
type Box = Extract<FieldCondition, { kind: 'geoBox' }>;
type Polygon = Extract<FieldCondition, { kind: 'geoPolygon' }>;

/** Metres: the mean radius of the earth by the IUGG. */
export const EARTH_RADIUS = 6_371_008.8;

/** The place that a value of a payload names: an object with numbers lon and lat in their ranges. */
export function geoPointOf(value: unknown): GeoPoint | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { lon, lat } = value as { lon?: unknown; lat?: unknown };
  return isWithin(lon, 180) && isWithin(lat, 90) ? { lon, lat } : undefined;
}

function isWithin(value: unknown, most: number): value is number {
  return typeof value === 'number' && Math.abs(value) <= most;
}

/** Metres along the great circle, by the haversine formula. */
export function geoDistance(a: GeoPoint, b: GeoPoint): number {
  const [latA, latB] = [radians(a.lat), radians(b.lat)];
  const sinLat = Math.sin((latB - latA) / 2);
  const sinLon = Math.sin(radians(b.lon - a.lon) / 2);
  const h = sinLat * sinLat + Math.cos(latA) * Math.cos(latB) * sinLon * sinLon;
  // Rounding may take h past 1 for places opposite to each other.
  return 2 * EARTH_RADIUS * Math.asin(Math.sqrt(Math.min(1, h)));
}

export function isInArea(point: GeoPoint, condition: GeoCondition): boolean {
  if (condition.kind === 'geoRadius') return geoDistance(point, condition.center) <= condition.radius;
  return condition.kind === 'geoBox' ? isInBox(point, condition) : isInPolygon(point, condition);
}

function isInBox({ lon, lat }: GeoPoint, box: Box): boolean {
  if (lat > box.topLeft.lat || lat < box.bottomRight.lat) return false;
  // The date line has two names.
  return isInLongitudes(lon, box) || (Math.abs(lon) === 180 && isInLongitudes(-lon, box));
}

function isInLongitudes(lon: number, { topLeft: { lon: left }, bottomRight: { lon: right } }: Box): boolean {
  return left > right ? lon >= left || lon <= right : lon >= left && lon <= right;
}

// Edges are straight in degrees, as in GeoJSON (RFC 7946), where a polygon across the date line is cut in two. The
// borders, those of holes too, belong to the polygon.
function isInPolygon(point: GeoPoint, { exterior, interiors }: Polygon): boolean {
  if (sideOf(point, exterior) === 'outside') return false;
  return interiors.every((hole) => sideOf(point, hole) !== 'inside');
}

// A ray to the east crosses the border an odd number of times from inside.
function sideOf({ lon, lat }: GeoPoint, ring: readonly GeoPoint[]): 'inside' | 'border' | 'outside' {
  let inside = false;
  for (let at = 1; at < ring.length; at += 1) {
    const [a, b] = [ring[at - 1] as GeoPoint, ring[at] as GeoPoint];
    // Positive where the point is to the left of the way from a to b, 0 on its line.
    const turn = (b.lon - a.lon) * (lat - a.lat) - (b.lat - a.lat) * (lon - a.lon);
    if (turn === 0 && isBetween(lon, a.lon, b.lon) && isBetween(lat, a.lat, b.lat)) return 'border';
    // With one end of each edge, so that a ray through a corner crosses there once.
    if (a.lat > lat !== b.lat > lat && turn > 0 === b.lat > a.lat) inside = !inside;
  }
  return inside ? 'inside' : 'outside';
}

function isBetween(value: number, a: number, b: number): boolean {
  return value >= Math.min(a, b) && value <= Math.max(a, b);
}

function radians(degrees: number): number {
  return (degrees * Math.PI) / 180;
}
