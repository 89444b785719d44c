#pragma once

// The Bundle that a batch or transaction is asked by (R4, http.html#transaction), taken apart: its
// shell is checked, its entries' resources are not yet.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fhir/json.h"
#include "http/message.h"
#include "rest/api.h"

namespace lightbox::rest {

// One entry. Views are of the Bundle's document.
struct BundleEntry {
  std::size_t index = 0;
  http::Method method = http::Method::other;  // of R4's http-verb
  std::string_view full_url;
  std::string_view url;    // relative to the base: "Patient?name=a"
  std::string_view path;   // of it: "Patient"
  std::string_view query;  // without '?'
  std::string_view if_match;
  std::string_view if_none_match;
  std::string_view if_modified_since;  // an instant
  std::string_view if_none_exist;
  fhir::Json* resource = nullptr;
  // What is wrong with the entry itself, its resource left aside; then the rest need not be there.
  std::optional<Problem> wrong = std::nullopt;

  // It changes nothing: GET, HEAD, and a search by POST.
  [[nodiscard]] bool is_read() const {
    return method == http::Method::get || method == http::Method::head ||
           (method == http::Method::post && (path == "_search" || path.ends_with("/_search")));
  }
};

struct BundleRequest {
  enum class Type : unsigned char { batch, transaction };
  fhir::JsonDocument document;
  Type type = Type::batch;
  std::vector<BundleEntry> entries;  // in the Bundle's order
};

// `invalid` for what is no valid Bundle, apart from its entries, and in a transaction with them;
// `unprocessable` for a Bundle of another type.
Result<BundleRequest> parse_bundle_request(const Call& call);

// "Bundle.entry[3]"
[[nodiscard]] std::string entry_expression(std::size_t index);

// The patch document of an entry with PATCH: a JSON Patch, which is no resource, comes in a Binary,
// a FHIRPath Patch as Parameters (R4, http.html#patch).
struct EntryPatch {
  std::string content_type;
  std::string text;
};
Result<EntryPatch> patch_of(const BundleEntry& entry);

// The entry as the HTTP request that it stands for, with the outer one's Host and wishes, but
// always asking for JSON.
Result<http::Request> to_http_request(const Call& call, const BundleEntry& entry);

// What the client wants of writes: for a Bundle nothing but their outcome, unless it says so.
[[nodiscard]] PreferReturn bundle_prefer(const Call& call);

}  // namespace lightbox::rest
