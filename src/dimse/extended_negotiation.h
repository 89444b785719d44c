#pragma once

// SOP Class Extended Negotiation of the query and retrieve services (PS3.7 D.3.3.5, PS3.4 C.5.1.1,
// C.5.2.1 and C.5.3.1): what the peer asks for beyond the baseline, and what it gets. Pure.

#include <string>
#include <string_view>

#include "dimse/negotiation.h"

namespace lightbox::dimse {

// A sub-item: its Service-class-application-information, a byte for each thing.
struct ExtendedNegotiation {
  std::string sop_class_uid;
  std::string information;
};

// Of C-FIND; of C-MOVE and C-GET there is the first only.
struct FindOptions {
  bool is_relational = false;
  bool has_combined_date_times = false;
  bool has_fuzzy_names = false;
};

// What is granted of it: a byte of 1 for what was asked for and is performed here by the service.
[[nodiscard]] ExtendedNegotiation granted(const ExtendedNegotiation& proposed, ServiceKind service);
[[nodiscard]] FindOptions find_options_of(std::string_view information);

}  // namespace lightbox::dimse
