#pragma once

// Specific Character Set (0008,0005) to UTF-8 (PS3.3 C.12.1.1.2, PS3.5 6.1): all of ISO 2022 with
// its escapes, UTF-8, GB18030 and GBK. Safe from any thread.

#include <string>
#include <string_view>

#include "dicom/vr.h"

namespace lightbox::dicom {

// `character_set` is the value of (0008,0005), its values separated by backslashes; "" is the
// default repertoire. Never fails: bytes that mean nothing become U+FFFD; a default repertoire with
// high bytes is read as UTF-8 where it is valid UTF-8, else as Latin 1, as every archive holds
// some. PS3.5 6.1.2.5.3: escapes end at the delimiters of the VR (backslash; in PN also ^ and =).
[[nodiscard]] std::string to_utf8(std::string_view bytes, std::string_view character_set, Vr vr);

}  // namespace lightbox::dicom
