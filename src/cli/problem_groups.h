#pragma once

// Problems for a summary: those of the same reason are one line with a count and a few examples.
// One thread at a time.

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace lightbox::cli {

class ProblemGroups {
 public:
  // Reasons that differ by numbers only (an offset, a UID) are the same.
  void add(const std::string& what, const std::string& name, const std::string& reason);
  void add(const std::string& what, const std::string& name, const Problem& problem);
  [[nodiscard]] std::uint64_t total() const { return total_; }
  // On standard error, the most frequent first.
  void print() const;

 private:
  struct Group {
    std::string reason;  // the first one's
    std::uint64_t count = 0;
    std::vector<std::string> names;
  };
  std::map<std::pair<std::string, std::string>, Group> groups_;
  std::uint64_t total_ = 0;
};

}  // namespace lightbox::cli
