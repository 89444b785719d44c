#pragma once

// The words of a resource, for `_text` and `_content` (R4, search.html#content). Pure; safe from
// any thread.

#include <string>
#include <string_view>

#include "fhir/json.h"

namespace lightbox::fhir {

// At most so much of each is looked at.
inline constexpr std::size_t full_text_bytes_max = 1024 * 1024;

// The text of Narrative.div, without markup.
[[nodiscard]] std::string narrative_text(const Json& resource);
// All strings of the resource outside of its own narrative, contained resources included. Not what
// nobody reads: its type, id and meta, base64 data and DICOM UIDs.
[[nodiscard]] std::string content_text(const Json& resource);

}  // namespace lightbox::fhir
