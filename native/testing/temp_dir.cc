#include "testing/temp_dir.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include "base/check.h"
#include "base/coding.h"
#include "base/prng.h"

namespace vamana::testing {

TempDir::TempDir(const std::string& parent) {
  const char* chosen = std::getenv("TMPDIR");
  path_ = (!parent.empty() ? parent : chosen != nullptr ? chosen : "/tmp") + "/vamana-test-XXXXXX";
  VAMANA_CHECK(::mkdtemp(path_.data()) != nullptr);
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

void write_file(const std::string& path, std::span<const uint8_t> bytes) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  out.close();
  VAMANA_CHECK(out.good());
}

std::vector<uint8_t> read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  VAMANA_CHECK(in.good());
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<uint8_t> random_bytes(size_t size, uint64_t seed) {
  std::vector<uint8_t> bytes(size);
  Prng prng(seed);
  size_t at = 0;
  for (; at + 8 <= size; at += 8) store_le(bytes.data() + at, prng.next());
  for (; at < size; ++at) bytes[at] = static_cast<uint8_t>(prng.next());
  return bytes;
}

}  // namespace vamana::testing
