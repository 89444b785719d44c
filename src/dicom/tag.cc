#include "dicom/tag.h"

namespace lightbox::dicom {

std::string text_of(Tag tag) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string text(8, '0');
  for (int i = 7; i >= 0; --i, tag >>= 4U) text[static_cast<std::size_t>(i)] = digits[tag & 15U];
  return text;
}

std::string display_of(Tag tag) {
  const std::string text = text_of(tag);
  return "(" + text.substr(0, 4) + "," + text.substr(4) + ")";
}

std::optional<Tag> tag_of(std::string_view text) {
  if (text.size() != 8) return std::nullopt;
  Tag tag = 0;
  for (const char c : text) {
    tag <<= 4U;
    if (c >= '0' && c <= '9') {
      tag |= static_cast<Tag>(c - '0');
    } else if (c >= 'A' && c <= 'F') {
      tag |= static_cast<Tag>(c - 'A' + 10);
    } else if (c >= 'a' && c <= 'f') {
      tag |= static_cast<Tag>(c - 'a' + 10);
    } else {
      return std::nullopt;
    }
  }
  return tag;
}

}  // namespace lightbox::dicom
