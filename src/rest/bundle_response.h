#pragma once

// The Bundle that answers a batch or transaction (R4, http.html#transaction-response).

#include <span>
#include <string>

#include "http/message.h"
#include "rest/bundle_request.h"

namespace lightbox::rest {

// What became of one entry.
struct EntryAnswer {
  int status = 200;
  std::string location;
  std::string etag;
  std::string last_modified;  // an instant: meta.lastUpdated
  std::string body;           // JSON, or empty
  bool is_outcome = false;    // the body is an OperationOutcome about it, not a resource
};

// From the response that the entry would have had by itself.
[[nodiscard]] EntryAnswer to_entry_answer(const BundleEntry& entry, const PreferReturn prefer,
                                          http::Response response);

// In the order of the request's entries.
[[nodiscard]] std::string response_bundle(BundleRequest::Type type,
                                          std::span<const EntryAnswer> answers);

}  // namespace lightbox::rest
