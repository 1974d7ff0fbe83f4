// Every route of the service, in the order of the table of compatibility. Nothing is done here.
import { COLLECTION_ROUTES } from './collection-routes.js';
import { FIELD_ROUTES } from './field-routes.js';
import { LIFECYCLE_ROUTES } from './lifecycle-routes.js';
import { DOCS_ROUTES } from './docs-routes.js';
import { METRICS_ROUTES } from './metrics-routes.js';
import { READ_ROUTES } from './read-routes.js';
import type { Route } from './route.js';
import { REFUSED_ROUTES, SERVICE_ROUTES } from './service-routes.js';
import { SPACE_ROUTES } from './space-routes.js';
import { SNAPSHOT_ROUTES } from './snapshot-routes.js';
import { WRITE_ROUTES } from './write-routes.js';

export const ROUTES: readonly Route[] = [
  ...SERVICE_ROUTES,
  ...METRICS_ROUTES,
  ...DOCS_ROUTES,
  ...COLLECTION_ROUTES,
  ...WRITE_ROUTES,
  ...READ_ROUTES,
  ...FIELD_ROUTES,
  ...LIFECYCLE_ROUTES,
  ...SPACE_ROUTES,
  ...SNAPSHOT_ROUTES,
  ...REFUSED_ROUTES,
];
