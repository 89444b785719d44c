#pragma once

#include "base/result.h"

namespace lightbox::cli {

// A problem on standard error, a line for each issue.
void report(const Problem& problem);

}  // namespace lightbox::cli
