#pragma once

// The Store Instances Response Module (PS3.18 annex I) of what became of an upload's objects, and
// the status that goes with it (PS3.18 10.5.3).

#include <span>
#include <string_view>

#include "dicomweb/store_request.h"
#include "http/message.h"
#include "ingest/archive.h"

namespace lightbox::dicomweb {

// The Error Comment of an instance that was there with the same content. The module has no
// attribute for that; clients that do not look for it see an instance that is stored.
inline constexpr std::string_view known_comment = "Known already";

// 200 when all are accepted; 202 when some are, or some with remarks; when none is, 507, 503 or 413
// if that is why for each of them, else 409. `base` is that of the retrieve URLs.
[[nodiscard]] http::Response store_response(std::span<const ingest::Admitted> results,
                                            std::string_view base, const ResponseForm& form);

}  // namespace lightbox::dicomweb
