#include "dicom/tag.h"

#include <array>

namespace lightbox::dicom {
namespace {

constexpr unsigned no_digit = 16;
constexpr auto digit_values = [] {
  std::array<std::uint8_t, 256> values = {};
  values.fill(no_digit);
  for (unsigned i = 0; i < 10; ++i) values['0' + i] = static_cast<std::uint8_t>(i);
  for (unsigned i = 10; i < 16; ++i) {
    values['A' + i - 10] = values['a' + i - 10] = static_cast<std::uint8_t>(i);
  }
  return values;
}();

}  // namespace

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
  unsigned others = 0;
  for (const char c : text) {
    const unsigned digit = digit_values[static_cast<unsigned char>(c)];
    tag = tag << 4U | (digit & 15U);
    others |= digit;
  }
  if (others >= no_digit) return std::nullopt;
  return tag;
}

}  // namespace lightbox::dicom
