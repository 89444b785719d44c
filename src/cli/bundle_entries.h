#pragma once

// The resources in a Bundle, as `lightbox load` takes them: whatever the Bundle's type, each
// entry's resource is loaded as it is; what a transaction's requests ask for beyond that is not
// done.
//
// - References to another entry's fullUrl (urn:uuid:…) become references to that entry's resource.
// - A resource without an id gets one that is a digest of its content and fullUrl, so that loading
//   it again finds it again.
// - Of a history, where the newest version comes first, only that one is taken.
// - What a search says about itself (an entry of mode "outcome") is passed over.

#include <functional>
#include <string>

#include "base/result.h"
#include "fhir/json.h"

namespace lightbox::cli {

struct EntrySink {
  std::function<Result<void>(const fhir::Json& resource, const std::string& where)> accept;
  std::function<void(const Problem&, const std::string& where)> refuse;
};

// Gives a resource without an id its own; `salt` tells apart what has the same content.
void ensure_id(fhir::JsonDocument& document, fhir::Json& resource, std::string_view salt = {});

// `where` is "FILE" or "FILE line 3", to which " entry[2]" is added. Fails when `accept` does.
Result<void> read_bundle(fhir::JsonDocument& document, const std::string& where,
                         const EntrySink& sink);

}  // namespace lightbox::cli
