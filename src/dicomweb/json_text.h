#pragma once

#include <string>
#include <string_view>

namespace lightbox::dicomweb {

// Appends `text` as a JSON string, quotes included. What is not UTF-8 becomes U+FFFD.
void append_json_string(std::string_view text, std::string& out);

}  // namespace lightbox::dicomweb
