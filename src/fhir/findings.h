#pragma once

// What is found wrong with a tree, and where in it.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace lightbox::fhir {

// Where somebody is in a tree: a chain on the stack, which becomes text only for a finding.
struct Place {
  const Place* parent = nullptr;
  std::string_view name;
  std::ptrdiff_t index = -1;  // in a list
};
// "ImagingStudy.series[2].uid"; a name that is too long to be one of R4's is cut.
[[nodiscard]] std::string expression_of(const Place& place);

// Collects findings: up to a maximum; the others are counted.
class Findings {
 public:
  explicit Findings(std::size_t issues_max) : issues_max_(issues_max) {}

  void add(std::string_view code, const Place& place, std::string diagnostics);
  // True when what is added from now on is only counted: no need to think of what to say.
  [[nodiscard]] bool is_full() const { return issues_.size() >= issues_max_; }
  // All, with one that says how many more there were.
  [[nodiscard]] std::vector<Issue> take() &&;

 private:
  std::size_t issues_max_;
  std::size_t left_out_ = 0;
  std::vector<Issue> issues_;
};

// `text` in quotes for a message, cut when it is long.
[[nodiscard]] std::string quoted(std::string_view text);

}  // namespace lightbox::fhir
