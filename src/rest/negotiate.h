#pragma once

// What the client wants back: _format, Accept, _pretty, Prefer (R4, http.html#mime-type,
// http.html#ops; RFC 7240).

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "fhir/search.h"
#include "http/message.h"

namespace lightbox::rest {

enum class Format : unsigned char { json, xml };

enum class PreferReturn : unsigned char { representation, minimal, operation_outcome };

struct Negotiated {
  Format format = Format::json;
  std::string_view content_type = "application/fhir+json;charset=utf-8";
  bool is_pretty = false;
  PreferReturn prefer_return = PreferReturn::representation;
  fhir::Handling handling = fhir::Handling::lenient;
};

// not_acceptable when neither _format nor Accept allows JSON or XML of FHIR 4.0; `invalid` for a
// bad _pretty.
Result<Negotiated> negotiate(const http::Request& request, const http::Parameters& parameters);
// The same for a request that is refused before its parameters are known to be good: JSON where
// negotiate fails.
[[nodiscard]] Negotiated negotiate_leniently(const http::Request& request);

// The format of the request's body: unsupported_media_type unless its Content-Type is JSON or XML
// of FHIR 4.0 in UTF-8. Without one it is JSON.
Result<Format> content_format(std::string_view content_type);
Result<Format> content_format(const http::Request& request);

// The patch documents that PATCH takes, as Accept-Patch lists them (RFC 5789, section 3.1).
inline constexpr const char* patch_media_types =
    "application/json-patch+json, application/fhir+json, application/fhir+xml";
enum class PatchFormat : unsigned char { json_patch, fhirpath_json, fhirpath_xml };
// By the Content-Type; unsupported_media_type for any other, and without one: FHIR JSON is then no
// safe guess.
Result<PatchFormat> patch_format(std::string_view content_type);

// The parts of a header field's list, without their surrounding space: "a;q=1, b" -> "a;q=1", "b".
std::vector<std::string_view> split_list(std::string_view text, char separator);

}  // namespace lightbox::rest
