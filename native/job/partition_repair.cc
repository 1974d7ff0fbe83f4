#include "job/partition_repair.h"

#include "graph/reachability.h"

namespace vamana {

namespace {

// Distances between nodes whose vectors are in the source. Under the inner product by L2: here it only matters
// who is near. The last target is kept, for a search asks about the same one again and again.
class FileDistances final : public NodeDistances {
 public:
  explicit FileDistances(const BuildRun& run)
      : vectors_(static_cast<const SourceVectors&>(*run.vectors)),
        dim_(run.options.source.dim),
        kernel_(distance_kernel(run.options.metric == Metric::kDot ? Metric::kL2 : run.options.metric,
                                run.options.source.element)),
        node_(run.vector_bytes()),
        target_(run.vector_bytes()) {}

  float distance(uint32_t node, uint32_t target) const override {
    if (!held_ || held_node_ != target) {
      held_ = read(target, target_.data());
      held_node_ = target;
    }
    read(node, node_.data());
    return kernel_(node_.data(), target_.data(), dim_);
  }
  Status status() const override { return failed_; }

 private:
  bool read(uint32_t node, uint8_t* to) const {
    Status status = vectors_.read(node, to);
    if (!status.ok() && failed_.ok()) failed_ = std::move(status);
    return failed_.ok();
  }

  const SourceVectors& vectors_;
  const uint32_t dim_;
  const DistanceFn kernel_;
  mutable std::vector<uint8_t> node_, target_;
  mutable bool held_ = false;
  mutable uint32_t held_node_ = 0;
  mutable Status failed_;
};

}  // namespace

Status repair_merged(BuildRun& run) {
  const FileDistances distances(run);
  VAMANA_ASSIGN(run.report.repaired, make_reachable(distances, {run.options.degree, run.options.alpha},
                                                    run.options.build_list, run.entries, run.graph, run.cancel));
  return Status();
}

}  // namespace vamana
