#pragma once

// Decimal numbers as DICOM (PS3.5 6.2: DS, IS) and as JSON (RFC 8259, 6) write them. Pure
// functions; safe from any thread.

#include <string>
#include <string_view>

namespace lightbox::dicom {

[[nodiscard]] bool is_json_number(std::string_view text);

// Appends the number that DS or IS text stands for as a JSON number, digit by digit: "+01.50" is
// 1.50, "1." is 1, ".5" is 0.5. False, and nothing is appended: it is no number, or none that a
// double can hold.
bool append_json_number(std::string_view text, std::string& out);

}  // namespace lightbox::dicom
