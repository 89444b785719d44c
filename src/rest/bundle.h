#pragma once

// Bundles, written straight from stored bytes (R4, bundle.html; http.html#search, #history).

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "fhir/subset.h"
#include "store/store.h"

namespace lightbox::rest {

struct Link {
  std::string_view relation;  // self, next
  std::string url;
};

// type searchset: the matches, what is included, and the notes, in that order; resources in the
// subset that is asked for. `notes` becomes one entry with an OperationOutcome, search.mode
// "outcome".
[[nodiscard]] std::string searchset(std::string_view base, const store::SearchPage& page,
                                    std::span<const Link> links, std::span<const Issue> notes,
                                    const fhir::Subset& subset = {});

// type history, newest first.
[[nodiscard]] std::string history_bundle(std::string_view base, const store::HistoryPage& page,
                                         std::span<const Link> links,
                                         const fhir::Subset& subset = {});

}  // namespace lightbox::rest
