#include "dicomweb/json_text.h"

#include <fmt/format.h>

#include "dicom/character_set.h"

namespace lightbox::dicomweb {

void append_json_string(std::string_view text, std::string& out) {
  out += '"';
  for (const char c : dicom::to_utf8(text, "ISO_IR 192", dicom::Vr::UT)) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < ' ') {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  out += '"';
}

}  // namespace lightbox::dicomweb
