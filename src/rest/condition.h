#pragma once

// The conditions of a request (RFC 9110 13; R4, http.html#cread, #concurrency). A resource's ETag
// is its version, W/"3"; "3" and 3 are taken for it too.

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "rest/api.h"
#include "store/store.h"

namespace lightbox::rest {

// "Tue, 24 Nov 2026 13:53:21 GMT" and the two older forms of RFC 9110 5.6.7, as seconds since 1970;
// nullopt when it is not a date.
[[nodiscard]] std::optional<std::int64_t> parse_http_date(std::string_view text);

// Whether If-None-Match or If-Modified-Since allows the answer 304.
[[nodiscard]] bool is_not_modified(const http::Request& request,
                                   const store::StoredResource& version);

// Of the values of If-Match and If-None-Match; empty: there is no such field. `invalid` when one is
// no list of ETags.
Result<store::Preconditions> preconditions(std::string_view if_match,
                                           std::string_view if_none_match);
Result<store::Preconditions> preconditions(const http::Request& request);

}  // namespace lightbox::rest
