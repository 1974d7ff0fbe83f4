// The values of a field of places. Latitudes and longitudes have an index of numbers each: the places of a box that holds
// the area are the rows within both ranges, and of these the area itself decides.
import { type ReadonlyRoaringBitmap32, RoaringBitmap32, unionOf } from '../bitmap.js';
import type { Bounds, FieldCondition, GeoPoint } from './field-condition.js';
import { EARTH_RADIUS, type GeoCondition, geoPointOf, isInArea } from './geo.js';
import { NumberIndex } from './number-index.js';
import type { StoredPages } from './stored-pages.js';
import type { FieldAnswer, ValueIndex } from './value-index.js';

const LAT = 0;
const LON = 1;
/** Degrees added around an area, for what sines and cosines round. */
const MARGIN = 1e-6;

export class GeoValues implements ValueIndex, StoredPages {
  private readonly lat = new NumberIndex();
  private readonly lon = new NumberIndex();
  readonly sets = {};
  readonly stored = this;
  readonly numbers = null;

  put(row: number, values: readonly unknown[]): void {
    const points = values.map(geoPointOf).filter((point) => point !== undefined);
    this.lat.put(
      row,
      points.map(({ lat }) => lat),
    );
    this.lon.put(
      row,
      points.map(({ lon }) => lon),
    );
  }

  remove(row: number): void {
    this.lat.remove(row);
    this.lon.remove(row);
  }

  describe(row: number): string {
    return this.pointsOf(row)
      .map(({ lon, lat }) => `${lon} ${lat}`)
      .join('\n');
  }

  rowsOf(condition: FieldCondition, among?: ReadonlyRoaringBitmap32): FieldAnswer | undefined {
    if (!isOfPlaces(condition)) return undefined;
    const { lat, lons } = boxAround(condition);
    const within = RoaringBitmap32.and(
      this.lat.rowsWithin(lat, among),
      unionOf(lons.map((range) => this.lon.rowsWithin(range, among))),
    );
    const rows: number[] = [];
    for (const row of (among === undefined ? within : within.andInPlace(among)).toUint32Array()) {
      if (this.pointsOf(row).some((point) => isInArea(point, condition))) rows.push(row);
    }
    return { rows: RoaringBitmap32.from(rows), isExact: true };
  }

  estimate(condition: FieldCondition): number | undefined {
    if (!isOfPlaces(condition)) return undefined;
    const { lat, lons } = boxAround(condition);
    const byLon = lons.reduce((sum, range) => sum + this.lon.countWithin(range), 0);
    return Math.min(this.lat.countWithin(lat), byLon);
  }

  counts(_rows: ReadonlyRoaringBitmap32 | null): null {
    return null;
  }

  get bytes(): number {
    return this.lat.bytes + this.lon.bytes;
  }

  *changedPages(): Generator<readonly [part: number, page: number]> {
    for (const [, page] of this.lat.changedPages()) yield [LAT, page];
    for (const [, page] of this.lon.changedPages()) yield [LON, page];
  }

  markStored(): void {
    this.lat.markStored();
    this.lon.markStored();
  }

  encodePage(part: number, page: number): Uint8Array | undefined {
    return (part === LAT ? this.lat : this.lon).encodePage(0, page);
  }

  loadPages(pages: ReadonlyMap<number, ReadonlyMap<number, Uint8Array>>, isDead: (row: number) => boolean): boolean {
    const of = (part: number): ReadonlyMap<number, ReadonlyMap<number, Uint8Array>> =>
      new Map([[0, pages.get(part) ?? new Map()]]);
    return this.lat.loadPages(of(LAT), isDead) && this.lon.loadPages(of(LON), isDead);
  }

  private pointsOf(row: number): GeoPoint[] {
    const lats = this.lat.column.valuesOf(row);
    const lons = this.lon.column.valuesOf(row);
    return lats.map((lat, at) => ({ lat: Number(lat), lon: Number(lons[at]) }));
  }
}

interface Box {
  lat: Bounds;
  lons: Bounds[];
}

const ALL_LONGITUDES: Bounds[] = [{ gte: -180, lte: 180 }];

function isOfPlaces(condition: FieldCondition): condition is GeoCondition {
  return condition.kind === 'geoRadius' || condition.kind === 'geoBox' || condition.kind === 'geoPolygon';
}

function boxAround(condition: GeoCondition): Box {
  if (condition.kind === 'geoBox') {
    const { topLeft, bottomRight } = condition;
    return { lat: { gte: bottomRight.lat, lte: topLeft.lat }, lons: longitudes(topLeft.lon, bottomRight.lon) };
  }
  if (condition.kind === 'geoRadius') return boxAroundCircle(condition.center, condition.radius);
  const lats = condition.exterior.map(({ lat }) => lat);
  const lons = condition.exterior.map(({ lon }) => lon);
  return {
    lat: { gte: Math.min(...lats), lte: Math.max(...lats) },
    lons: [{ gte: Math.min(...lons), lte: Math.max(...lons) }],
  };
}

function boxAroundCircle({ lat, lon }: GeoPoint, radius: number): Box {
  const angle = radius / EARTH_RADIUS;
  const degrees = (angle * 180) / Math.PI + MARGIN;
  const box = { lat: { gte: lat - degrees, lte: lat + degrees } };
  // A pole is inside: every longitude may be.
  if (Math.abs(lat) + degrees >= 90 || angle >= Math.PI / 2) return { ...box, lons: ALL_LONGITUDES };
  const ratio = Math.sin(angle) / Math.cos((lat * Math.PI) / 180);
  if (ratio >= 1) return { ...box, lons: ALL_LONGITUDES };
  const width = (Math.asin(ratio) * 180) / Math.PI + MARGIN;
  if (width >= 180) return { ...box, lons: ALL_LONGITUDES };
  return { ...box, lons: longitudes(wrap(lon - width), wrap(lon + width)) };
}

function wrap(lon: number): number {
  return lon < -180 ? lon + 360 : lon > 180 ? lon - 360 : lon;
}

// From the left one to the right one, over the date line where that is less; the date line has two names.
function longitudes(left: number, right: number): Bounds[] {
  const ranges: Bounds[] = left > right ? [{ gte: left }, { lte: right }] : [{ gte: left, lte: right }];
  return [...ranges, { gte: 180 - MARGIN }, { lte: -180 + MARGIN }];
}
