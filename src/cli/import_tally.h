#pragma once

// What an import has done so far. Safe from any thread.

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_set>

#include "cli/problem_groups.h"
#include "ingest/archive.h"

namespace lightbox::cli {

class ImportTally {
 public:
  // An object of so many bytes met its fate.
  void take(const std::string& name, std::uint64_t bytes, const ingest::Admitted& admitted);
  void pass_over() { ++passed_over_; }
  // A file, folder or archive that could not be read.
  void unreadable(const std::string& name, const std::string& reason);

  [[nodiscard]] std::uint64_t objects() const { return objects_; }
  [[nodiscard]] std::uint64_t passed_over() const { return passed_over_; }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  [[nodiscard]] std::uint64_t problems();
  // The summary on standard output, the problems on standard error.
  void print(double seconds);

 private:
  using Outcome = ingest::Admitted::Outcome;

  std::atomic<std::uint64_t> objects_ = 0;
  std::atomic<std::uint64_t> passed_over_ = 0;
  std::atomic<std::uint64_t> bytes_ = 0;
  std::mutex mutex_;
  std::array<std::uint64_t, 6> outcomes_ = {};
  std::unordered_set<std::string> studies_;
  ProblemGroups problems_;
};

}  // namespace lightbox::cli
