#pragma once

// gzip, both ways (RFC 1952), by zlib.

#include <string>
#include <string_view>

#include "base/result.h"

namespace lightbox::http {

[[nodiscard]] std::string gzip(std::string_view plain);
// Fails with `too_large` past bytes_max (a bomb stops there), `invalid` when it is not gzip.
Result<std::string> gunzip(std::string_view compressed, std::size_t bytes_max);
// Whether an Accept-Encoding field prefers gzip to identity (q-values heard).
[[nodiscard]] bool accepts_gzip(std::string_view accept_encoding);

}  // namespace lightbox::http
