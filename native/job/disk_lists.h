// The lists of a finished graph on disk, in the final order and of one width, so that they can be packed
// without being held. The file has no name as soon as it is made: however the build ends, it is gone.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "graph/build_graph.h"
#include "io/file.h"

namespace vamana {

// A file in `folder` that no name leads to.
Result<File> make_nameless_file(const std::string& folder, const std::string& name);

class DiskLists {
 public:
  // List i of the file is that of node_at[i].
  static Result<DiskLists> write(const std::string& folder, const BuildGraph& graph,
                                 const std::vector<uint32_t>& node_at);

  uint64_t rows() const { return rows_; }
  uint32_t width() const { return width_; }  // u32s a list: its length, then as many places as the graph has
  Status read(uint64_t first, uint64_t count, uint32_t* to) const;

 private:
  File file_;
  uint64_t rows_ = 0;
  uint32_t width_ = 0;
};

// Reads lists for a caller that cannot fail in between: after a failure lists are empty and status() says why.
//
// Thread safety: list() from any thread; what it returns holds until that thread asks again.
class DiskListReader {
 public:
  explicit DiskListReader(const DiskLists& lists);
  std::span<const uint32_t> list(uint32_t place);
  Status status() const;

 private:
  const DiskLists& lists_;
  const uint64_t number_;  // tells the readers apart that one thread may have used
  mutable std::mutex mutex_;
  Status failed_;
};

}  // namespace vamana
