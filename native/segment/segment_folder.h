// The folder of a segment while it is being written: made under a temporary name beside its target and
// published by one rename that never replaces anything. What stands in it is the writer's matter.
//
// A process that is killed leaves the temporary folder `<dir>.tmp-<uuid>` and nothing else. It is never
// taken for a segment and never in the way of the next one, which has another uuid; whoever owns the parent
// may remove it.
//
// Thread safety: none; one thread.
#pragma once

#include <string>

#include "base/status.h"
#include "format/segment_format.h"

namespace vamana {

// A random uuid (version 4).
Result<Uuid> make_uuid();

class SegmentFolder {
 public:
  // INVALID_ARGUMENT when `dir` is empty, ALREADY_EXISTS when it stands, NOT_FOUND when its parent does not.
  static Result<SegmentFolder> create(const std::string& dir, const Uuid& uuid);
  SegmentFolder(SegmentFolder&& other) noexcept;
  SegmentFolder& operator=(SegmentFolder&& other) = delete;
  // Removes the temporary folder unless it was published.
  ~SegmentFolder();

  const std::string& target() const { return target_; }
  const std::string& temporary() const { return temporary_; }

  // Syncs the folder, renames it to its target and syncs the parent. REQUIRES its files synced.
  // ALREADY_EXISTS when something stands at the target by now.
  Status publish();

 private:
  SegmentFolder(std::string target, std::string temporary);
  std::string target_, temporary_;
  bool owned_ = true;  // the temporary folder is ours to remove
};

// Renames a folder; ALREADY_EXISTS when anything stands at `to`.
Status rename_new(const std::string& from, const std::string& to);

// The same for file systems that cannot do it in one step: looks first. A folder with files is not replaced
// even when it appears in between; an empty one may be, and nothing is lost.
Status rename_new_checked(const std::string& from, const std::string& to);

}  // namespace vamana
