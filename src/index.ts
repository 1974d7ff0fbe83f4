// The library: everything that `import ... from 'vamana-ssd'` offers. Nothing is done here.
export type { NativeElement as VectorElement, NativeIo as IoKind, NativeMetric as Metric } from './binding.js';
export { type ErrorCode, errorCatalogue, VamanaError } from './errors.js';
export { NO_ROW } from './limits.js';
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
