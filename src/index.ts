// The library: everything that `import ... from 'vamana-ssd'` offers. Nothing is done here.
export { type FitMapOptions, fitLinearMap } from './adapter/linear-map.js';
export { type LinearMap, type MapQuality, mapVector, type VectorPair } from './adapter/map-vector.js';
export { readSnapshotList, type SnapshotFile, type SnapshotList } from './backup/snapshot-list.js';
export type { TakenSnapshot, TakeSnapshotOptions } from './backup/take-snapshot.js';
export { type SnapshotReport, type VerifySnapshotOptions, verifySnapshot } from './backup/verify-snapshot.js';
export type { NativeElement as VectorElement, NativeIo as IoKind, NativeMetric as Metric } from './binding.js';
export type {
  BackfillEntry,
  BackfillOptions,
  BackfillProgress,
  BackfillSource,
} from './collection/backfill-space.js';
export type { Collection } from './collection/collection.js';
export type { CollectionSpaces } from './collection/collection-spaces.js';
export type { CollectionStatus, SpaceStatus, WriteOptions } from './collection/collection-options.js';
export type { CompareSpacesOptions, SpaceComparison } from './collection/compare-spaces.js';
export type { FieldStatus } from './collection/field-indexes.js';
export type { JobOptions, JobStatus, LifecycleStatus, RebuildOptions } from './collection/lifecycle.js';
export type { ImportOptions, ImportResult } from './collection/import-points.js';
export type { WriteResult } from './commit-queue/commit-queue.js';
export type {
  CollectionConfig,
  CollectionOptions,
  NamedCollectionOptions,
  SpaceConfig,
  SpaceOptions,
} from './config/collection-config.js';
export type { JobTransition, Maintenance, MaintenanceOptions, Thresholds } from './config/maintenance.js';
export type { RuntimeOptions, SyncChoice } from './config/runtime-options.js';
export { type Database, type OpenOptions, open, type RestoreOptions } from './database/database.js';
export { type CollectionInfo, inspectCollection, inspectDatabase } from './database/inspect-folder.js';
export {
  type FolderKind,
  type FolderReport,
  folderKind,
  verifyCollection,
  verifyFolder,
} from './database/verify-folder.js';
export { type ErrorCode, errorCatalogue, VamanaError } from './errors.js';
export {
  FIELD_TYPES,
  type FieldSchema,
  type FieldSchemaInput,
  type FieldType,
  type TextOptions,
} from './field/field-schema.js';
export type { FacetHit } from './field/value-index.js';
export type { RetiredGeneration, SegmentEntry } from './manifest/manifest.js';
export { NO_ROW } from './limits.js';
export type { WithPayload } from './payload/payload-selection.js';
export type { Payload, PointId, PointIdInput } from './payload/point.js';
export type { Point, PointVector } from './read/assemble.js';
export type { ExplainedSearch, OrderedPoint } from './read/collection-reader.js';
export type { GroupValue, PointGroup } from './read/group-points.js';
export type { ScoredPoint } from './read/hydrate.js';
export type {
  CollectionScrollOptions,
  CollectionSearchOptions,
  FacetOptions,
  FilterOptions,
  GroupSearchOptions,
  OrderedOptions,
  ReadOptions,
  SpaceChoice,
} from './read/read-options.js';
export type { ScrollPage } from './read/scroll.js';
export type { SearchExplanation, SearchStrategy } from './read/search-runner.js';
export type { GateResult } from './rebuild/gates.js';
export type { HealthReport } from './rebuild/health.js';
export type { Job, JobKind, JobState } from './rebuild/job.js';
export type { RecoveryProgress } from './recovery/recover.js';
export type { CollectionSalvage } from './recovery/salvage-collection.js';
export {
  type BuildIndexOptions,
  type BuildPlan,
  type BuildProgress,
  type BuildReport,
  buildIndex,
  planIndex,
} from './segment/build-index.js';
export { inspectIndex, type VerifyIndexOptions, type VerifyReport, verifyIndex } from './segment/check-index.js';
export {
  type IndexInfo,
  type IndexStats,
  type OpenIndexOptions,
  openIndex,
  type SearchCosts,
  type SearchOptions,
  type SearchResult,
  type VectorIndex,
} from './segment/open-index.js';
export type { QueryVectors } from './segment/query-batch.js';
export { type RecallInput, tieAwareRecall } from './segment/recall.js';
export { type TuneOptions, type TuneReport, type TuneTrial, tuneIndex } from './segment/tune-index.js';
export { readTuning, type Tuning, tuningPath, writeTuning } from './segment/tuning-file.js';
export type { CollectionProblem, CollectionVerifyReport, VerifyCollectionOptions } from './verify/verify-collection.js';
export type { VectorInput } from './write/vector-input.js';
export type { GivenModels } from './write/encode-vectors.js';
export type {
  NamedPointInput,
  OperationResult,
  PointInput,
  UpdateMode,
  WriteBatch,
  WriteOperation,
} from './write/write-batch.js';
