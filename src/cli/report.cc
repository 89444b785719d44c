#include "cli/report.h"

#include <cstdio>
#include <fmt/format.h>

namespace lightbox::cli {

void report(const Problem& problem) {
  for (const auto& issue : problem.issues) {
    fmt::print(stderr, "lightbox: {}{}{}\n", issue.expression, issue.expression.empty() ? "" : ": ",
               issue.diagnostics);
  }
}

}  // namespace lightbox::cli
