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

// What the store has to check when it writes.
struct WriteCondition {
  std::optional<std::uint64_t> if_version;
  bool if_absent = false;
};

// Of If-Match and If-None-Match. precondition_failed when they fail already; `invalid` when a field
// is no list of ETags.
Result<WriteCondition> write_condition(const Call& call, const fhir::ResourceType& type,
                                       std::string_view id);

}  // namespace lightbox::rest
