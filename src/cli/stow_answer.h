#pragma once

// What a server answered to a STOW-RS request (PS3.18 10.5.3, table I.2-1).

#include <string>
#include <string_view>
#include <vector>

#include "ingest/archive.h"

namespace lightbox::cli {

struct StowAnswer {
  // Of the Referenced SOP Sequence, in its order: `stored`, or `known` where the server is one of
  // Lightbox, which says so.
  std::vector<ingest::Admitted> stored;
  std::size_t refused = 0;  // items of the other sequences
  // Why the first of them was, or the whole request.
  ingest::Admitted::Outcome outcome = ingest::Admitted::Outcome::failed;
  Problem problem;
  // The next request would get the same: no DICOMweb base, not allowed, no room.
  bool is_for_all = false;
};
[[nodiscard]] StowAnswer read_stow_answer(long status, std::string_view text);

}  // namespace lightbox::cli
