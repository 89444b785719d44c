#pragma once

// Base64 as RFC 4648, section 4, with padding. Pure functions; safe from any thread.

#include <optional>
#include <string>
#include <string_view>

namespace lightbox::dicom {

void append_base64(std::string_view bytes, std::string& out);
// nullopt: not base64. White space is not allowed.
[[nodiscard]] std::optional<std::string> decode_base64(std::string_view text);

}  // namespace lightbox::dicom
