#pragma once

// Text of a named encoding to UTF-8, by the C library's iconv(3). Safe from any thread: each has
// its own converters.

#include <string>
#include <string_view>

namespace lightbox::dicom {

// Bytes that mean nothing, or an encoding that the C library does not know, become U+FFFD.
// `encoding` is a literal.
void append_converted(std::string_view bytes, const char* encoding, std::string& out);

}  // namespace lightbox::dicom
