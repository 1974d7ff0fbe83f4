// A short measurement of random 4 KiB reads, through the same page reader that searches use: what
// `doctor` reports. Takes about a second. Needs no other thread; any number may run, and spoil each
// other's figures.
#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"
#include "io/page_reader.h"

namespace vamana {

struct DiskProbe {
  std::string path;                     // the file that was read
  ReaderFacts reader;                   // of the reader that `auto` chose
  double depth1_us = 0;                 // median latency with one read in flight
  double depth32_reads_per_second = 0;  // with 32 in flight
  uint64_t file_bytes = 0;
};

// Reads from `existing` when that file stands and is large enough to be no cache's size; otherwise from a
// file of up to 64 MiB that is written into `dir` and removed again. `existing` may be empty.
Result<DiskProbe> probe_disk(const std::string& dir, const std::string& existing);

struct IoProbe {
  ReaderFacts chosen;  // what `auto` chooses for a file in the folder
  Status uring;        // why io_uring cannot be had there; ok when it can
};

// Asks which readers work for a small file written into `dir` and removed again.
Result<IoProbe> probe_io(const std::string& dir);

}  // namespace vamana
