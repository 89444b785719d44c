#include "dimse/encoder.h"

#include "dicom/vr.h"

namespace lightbox::dimse {
namespace {

void append_32(std::string& bytes, std::size_t value) {
  bytes += Encoder::number_bytes(static_cast<std::uint16_t>(value));
  bytes += Encoder::number_bytes(static_cast<std::uint16_t>(value >> 16U));
}

}  // namespace

std::string Encoder::padded(std::string_view value, char padding) {
  std::string bytes(value);
  if (bytes.size() % 2 != 0) bytes += padding;
  return bytes;
}

std::string Encoder::number_bytes(std::uint16_t value) {
  return {static_cast<char>(value & 0xFFU), static_cast<char>(value >> 8U)};
}

void Encoder::tag_and_length(dicom::Tag tag, std::size_t length) {
  bytes_ += number_bytes(dicom::group_of(tag));
  bytes_ += number_bytes(static_cast<std::uint16_t>(tag));
  append_32(bytes_, length);
}

void Encoder::raw(dicom::Tag tag, std::string_view vr, std::string_view value) {
  if (vrs_ == Vrs::implicit) {
    tag_and_length(tag, value.size());
  } else {
    bytes_ += number_bytes(dicom::group_of(tag));
    bytes_ += number_bytes(static_cast<std::uint16_t>(tag));
    bytes_ += vr;
    // PS3.5 7.1.2: these have two reserved bytes and a length of four.
    const auto known = dicom::vr_of(vr);
    if (!known || dicom::has_long_length(*known)) {
      bytes_.append(2, '\0');
      append_32(bytes_, value.size());
    } else {
      bytes_ += number_bytes(static_cast<std::uint16_t>(value.size()));
    }
  }
  bytes_ += value;
}

void Encoder::sequence(dicom::Tag tag, const std::vector<std::string>& items) {
  Encoder inner(vrs_);
  for (const std::string& item : items) {
    inner.tag_and_length(dicom::tags::Item, item.size());
    inner.bytes_ += item;
  }
  raw(tag, "SQ", inner.bytes_);
}

}  // namespace lightbox::dimse
