#include "dicom/encoding.h"

#include <bit>
#include <cstring>

#include "dicom/dictionary.h"

namespace lightbox::dicom {
namespace {

constexpr std::uint32_t undefined_length = 0xFFFFFFFF;

bool is_capital(char c) { return c >= 'A' && c <= 'Z'; }

bool has_dictionary_vr(Tag tag, Vr vr) {
  if (tag % 0x10000 == 0) return vr == Vr::UL;  // a group length
  const auto entry = find_tag(tag);
  return entry && (entry->vr == vr || entry->other_vr == vr);
}

bool is_known(Tag tag) {
  const bool is_group_length = tag % 0x10000 == 0 && group_of(tag) <= 0x0100;
  return is_group_length || find_tag(tag).has_value();
}

}  // namespace

std::string_view name_of(Encoding encoding) {
  const bool is_little = encoding.order == ByteOrder::little_endian;
  if (encoding.form == VrForm::implicit_vr) {
    return is_little ? "implicit VR little endian" : "implicit VR big endian";
  }
  return is_little ? "explicit VR little endian" : "explicit VR big endian";
}

Encoding encoding_of(std::string_view transfer_syntax) {
  // Implicit VR Little Endian, Papyrus 3, and GE's own with big endian pixels.
  if (transfer_syntax == "1.2.840.10008.1.2" || transfer_syntax == "1.2.840.10008.1.20" ||
      transfer_syntax == "1.2.840.113619.5.2") {
    return {.form = VrForm::implicit_vr};
  }
  if (transfer_syntax == "1.2.840.10008.1.2.2") return {.order = ByteOrder::big_endian};
  return {};
}

bool is_deflated(std::string_view transfer_syntax) {
  return transfer_syntax == "1.2.840.10008.1.2.1.99" ||  // Deflated Explicit VR Little Endian
         transfer_syntax == "1.2.840.10008.1.2.4.95" ||  // JPIP Referenced Deflate
         transfer_syntax == "1.2.840.10008.1.2.4.205";   // JPIP HTJ2K Referenced Deflate
}

std::uint16_t read_16(const char* bytes, ByteOrder order) {
  std::uint16_t number = 0;
  std::memcpy(&number, bytes, sizeof(number));
  if (order == ByteOrder::little_endian) return number;
  return static_cast<std::uint16_t>(number << 8U | number >> 8U);
}

std::uint32_t read_32(const char* bytes, ByteOrder order) {
  std::uint32_t number = 0;
  std::memcpy(&number, bytes, sizeof(number));
  return order == ByteOrder::little_endian ? number : __builtin_bswap32(number);
}

Vr implied_vr(Tag tag, bool is_signed) {
  const std::uint16_t element = tag & 0xFFFFU;
  if (element == 0) return Vr::UL;  // a group length
  if (is_private(tag)) return element >= 0x10 && element <= 0xFF ? Vr::LO : Vr::UN;
  const auto entry = find_tag(tag);
  if (!entry) return Vr::UN;
  return is_signed && entry->other_vr == Vr::SS ? Vr::SS : entry->vr;
}

VrForm shown_form(std::string_view header, Encoding declared, std::uint64_t left) {
  const Tag tag = read_tag(header.data(), declared.order);
  if (group_of(tag) == 0xFFFE) return declared.form;
  const std::uint32_t length = read_32(header.data() + 4, declared.order);
  const bool is_length = length <= left || length == undefined_length;
  if (declared.form == VrForm::explicit_vr) {
    if ((is_capital(header[4]) && is_capital(header[5])) || !is_length) return declared.form;
    return VrForm::implicit_vr;
  }
  const auto vr = vr_of(header.substr(4, 2));
  if (!vr || (is_length && !has_dictionary_vr(tag, *vr))) return declared.form;
  return VrForm::explicit_vr;
}

Encoding shown_encoding(std::string_view header, Encoding declared, std::uint64_t left) {
  // In the other byte order a tag is one that nobody knows.
  const Tag tag = read_tag(header.data(), declared.order);
  const Tag swapped = (tag & 0x00FF00FFU) << 8U | (tag & 0xFF00FF00U) >> 8U;
  Encoding shown = declared;
  if (!is_known(tag) && is_known(swapped)) {
    shown.order = declared.order == ByteOrder::little_endian ? ByteOrder::big_endian
                                                             : ByteOrder::little_endian;
  }
  shown.form = shown_form(header, shown, left);
  return shown;
}

std::optional<Encoding> guessed_encoding(std::string_view header, std::uint64_t left) {
  for (const ByteOrder order : {ByteOrder::little_endian, ByteOrder::big_endian}) {
    if (read_16(header.data(), order) != 0x0008) continue;
    if (vr_of(header.substr(4, 2))) return Encoding{VrForm::explicit_vr, order};
    if (order == ByteOrder::little_endian && read_32(header.data() + 4, order) <= left) {
      return Encoding{VrForm::implicit_vr, order};
    }
  }
  return std::nullopt;
}

}  // namespace lightbox::dicom
