// A folder for one test, removed with all it holds when the test ends; and small helpers to fill and read
// files in it. For tests only.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace vamana::testing {

class TempDir {
 public:
  // In `parent`, by default $TMPDIR or /tmp.
  explicit TempDir(const std::string& parent = "");
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::string& path() const { return path_; }
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

// Creates or replaces the file. A failure ends the process: no test can mean anything after it.
void write_file(const std::string& path, std::span<const uint8_t> bytes);
std::vector<uint8_t> read_file(const std::string& path);

// Bytes that look random, the same for the same seed.
std::vector<uint8_t> random_bytes(size_t size, uint64_t seed);

}  // namespace vamana::testing
