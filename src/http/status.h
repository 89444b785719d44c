#pragma once

#include "base/result.h"

namespace lightbox::http {

// The one place where a ProblemKind becomes a status of HTTP.
[[nodiscard]] int status_of(ProblemKind kind);

}  // namespace lightbox::http
