#include "delta/delta_inserter.h"

#include <algorithm>
#include <bit>

namespace vamana {

// Children beyond a third of the degree would leave pruning too little choice; a row has one on average.
DeltaInserter::DeltaInserter(const DeltaMemory& memory, const PruneParams& prune, uint32_t build_list)
    : memory_(memory),
      prune_(prune),
      build_list_(build_list),
      children_max_(std::max(1u, prune.degree / 3)),
      graph_(memory),
      space_(memory) {}

void DeltaInserter::insert(uint32_t slot) {
  space_.admit(slot);
  *memory_.parent(slot) = kNoParent;
  if (slot > 0) connect(slot);
  if (std::has_single_bit(slot + 1)) entries_.pick(space_, slot + 1);
}

void DeltaInserter::connect(uint32_t slot) {
  uint32_t entries[DeltaEntries::kMost];
  const uint32_t entry_count = entries_.copy(entries);
  greedy_.visited.bound(slot);
  greedy_search(space_, graph_, std::span<const uint32_t>(entries, entry_count), slot, build_list_, greedy_);
  robust_prune(space_, slot, prune_, greedy_.expanded, own_);
  for (const uint32_t neighbour : own_) graph_.prefetch(neighbour);
  adopt(slot);
  for (const uint32_t neighbour : own_) {
    if (neighbour != *memory_.parent(slot)) add_reverse(neighbour, slot);
  }
}

// Stores the row's own list, finds it a parent among own_, and adds the edge from there.
void DeltaInserter::adopt(uint32_t slot) {
  const auto found = std::find_if(own_.begin(), own_.end(), [&](uint32_t each) { return may_have_child(each); });
  if (found != own_.end()) {
    graph_.set(slot, own_);
    *memory_.parent(slot) = *found;
    add_reverse(*found, slot);
    return;
  }
  const uint32_t parent = own_.front();
  const uint32_t child = first_child(parent);
  const size_t listed = own_.size();
  if (std::find(own_.begin(), own_.end(), child) == own_.end()) own_.push_back(child);
  graph_.set(slot, own_);
  *memory_.parent(slot) = parent;
  graph_.replace(parent, child, slot);
  *memory_.parent(child) = slot;
  own_.resize(listed);  // the child named the parent, not the row: no edge back is due
}

uint32_t DeltaInserter::first_child(uint32_t slot) const {
  for (const uint32_t neighbour : graph_.list(slot)) {
    if (*memory_.parent(neighbour) == slot) return neighbour;
  }
  return kNoParent;
}

bool DeltaInserter::may_have_child(uint32_t slot) const {
  uint32_t children = 0;
  for (const uint32_t neighbour : graph_.list(slot)) children += *memory_.parent(neighbour) == slot;
  return children < children_max_;
}

// Adds `neighbour` to the list of `slot`, and prunes the list where it is full.
void DeltaInserter::add_reverse(uint32_t slot, uint32_t neighbour) {
  const LinkList list = graph_.list(slot);
  if (list.size() < graph_.places()) return graph_.push(slot, neighbour);
  candidates_.clear();
  for (const uint32_t old : list) {
    space_.prefetch(old);
    candidates_.push_back({0, old, false});
  }
  candidates_.push_back({0, neighbour, false});
  children_.clear();
  for (Candidate& candidate : candidates_) {
    candidate.distance = space_.distance(candidate.node, slot);
    if (*memory_.parent(candidate.node) == slot) children_.push_back(candidate.node);
  }
  robust_prune(space_, slot, prune_, candidates_, kept_);
  keep_children(slot);
  graph_.set(slot, kept_);
}

// Puts the children that pruning left out into kept_, in place of its last ones that are none.
void DeltaInserter::keep_children(uint32_t slot) {
  size_t last = kept_.size();
  for (const uint32_t child : children_) {
    if (std::find(kept_.begin(), kept_.end(), child) != kept_.end()) continue;
    if (kept_.size() < prune_.degree) {
      kept_.push_back(child);
      continue;
    }
    do {
      --last;
    } while (*memory_.parent(kept_[last]) == slot);
    kept_[last] = child;
  }
}

}  // namespace vamana
