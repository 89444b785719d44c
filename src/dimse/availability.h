#pragma once

// What an Instance Availability Notification says (PS3.4 annex R). Pure.

#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "base/result.h"

namespace lightbox::dimse {

struct AvailabilityNotice {
  std::string calling_ae_title;
  std::string study_uid;
  std::vector<std::string> retrieve_ae_titles;  // each once
};

// `invalid` when it cannot be read, or has no Study Instance UID.
Result<AvailabilityNotice> parse_availability(std::string_view data_set,
                                              std::string_view transfer_syntax,
                                              const Limits& limits);

}  // namespace lightbox::dimse
