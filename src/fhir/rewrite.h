#pragma once

// Replacing URLs inside a resource, as a transaction must when the server gives ids (R4,
// http.html#trules): in every Reference, in elements of type uri, url, oid and uuid, and in the
// narrative's href and src. Where these are, the definitions table says. Not canonical URLs, and
// nothing inside a nested Bundle, which is a whole of its own.
//
// Pure but for the resource; one document belongs to one thread at a time.

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fhir/definitions.h"
#include "fhir/json.h"

namespace lightbox::fhir {

struct FoundUrl {
  enum class Place : std::uint8_t { reference, uri, narrative };
  Place place = Place::uri;
  std::string_view text;
  const ElementType* type = nullptr;  // reference: of the element, for its targets; else nullptr
};

// What stands there instead; nullopt: the same as before.
using UrlRewriter = std::function<std::optional<std::string>(const FoundUrl&)>;

// A text that was replaced; putting `before` back undoes it.
struct UrlEdit {
  Json* value = nullptr;
  std::string_view before;
};

// Calls the rewriter for every URL of a valid resource of `document`, in the resource's order.
std::vector<UrlEdit> rewrite_urls(JsonDocument& document, Json& resource,
                                  const UrlRewriter& rewriter);

}  // namespace lightbox::fhir
