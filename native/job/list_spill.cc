#include "job/list_spill.h"

#include <algorithm>

#include "base/check.h"
#include "job/disk_lists.h"

namespace vamana {

namespace {
constexpr size_t kWindowWords = (1 << 20) / sizeof(uint32_t);
}

Result<ListSpill> ListSpill::create(const std::string& folder, uint32_t degree) {
  ListSpill spill;
  spill.degree_ = degree;
  VAMANA_ASSIGN(spill.file_, make_nameless_file(folder, "spill"));
  spill.window_.reserve(kWindowWords);
  return spill;
}

Status ListSpill::append(uint32_t node, std::span<const uint32_t> list) {
  VAMANA_CHECK(list.size() <= degree_);
  if (window_.size() + 2 + list.size() > kWindowWords) {
    VAMANA_TRY(file_.append(window_.data(), window_.size() * sizeof(uint32_t)));
    window_.clear();
  }
  window_.push_back(node);
  window_.push_back(static_cast<uint32_t>(list.size()));
  window_.insert(window_.end(), list.begin(), list.end());
  words_ += 2 + list.size();
  return Status();
}

Status ListSpill::rewind() {
  VAMANA_TRY(file_.append(window_.data(), window_.size() * sizeof(uint32_t)));
  window_.clear();
  return Status();
}

// What is left of the window moves to its front, and the file fills the rest.
Status ListSpill::refill() {
  window_.erase(window_.begin(), window_.begin() + static_cast<ptrdiff_t>(at_));
  at_ = 0;
  const size_t left = window_.size();
  const size_t take = std::min<uint64_t>(kWindowWords - left, words_ - read_);
  window_.resize(left + take);
  VAMANA_TRY(file_.read_at(read_ * sizeof(uint32_t), window_.data() + left, take * sizeof(uint32_t)));
  read_ += take;
  return Status();
}

Result<bool> ListSpill::next(uint32_t* node, std::span<const uint32_t>* list) {
  if (window_.size() - at_ < size_t{degree_} + 2 && read_ < words_) VAMANA_TRY(refill());
  if (at_ == window_.size()) return false;
  *node = window_[at_];
  *list = {window_.data() + at_ + 2, window_[at_ + 1]};
  at_ += 2 + list->size();
  return true;
}

}  // namespace vamana
