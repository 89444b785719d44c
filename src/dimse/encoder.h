#pragma once

// Writes small data sets (PS3.5 7): those that DIMSE messages carry besides images. Little endian,
// sequences and items of defined length. Elements come in the order of their tags. Belongs to one
// thread at a time.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dicom/tag.h"

namespace lightbox::dimse {

class Encoder {
 public:
  enum class Vrs : std::uint8_t { implicit, explicit_ };
  explicit Encoder(Vrs vrs) : vrs_(vrs) {}

  void uid(dicom::Tag tag, std::string_view value) { raw(tag, "UI", padded(value, '\0')); }
  void number(dicom::Tag tag, std::uint16_t value) { raw(tag, "US", number_bytes(value)); }
  // Each item is what another Encoder of the same kind wrote.
  void sequence(dicom::Tag tag, const std::vector<std::string>& items);
  // A value as it stands; `vr` has two letters.
  void raw(dicom::Tag tag, std::string_view vr, std::string_view value);

  [[nodiscard]] const std::string& bytes() const { return bytes_; }

  [[nodiscard]] static std::string padded(std::string_view value, char padding);
  [[nodiscard]] static std::string number_bytes(std::uint16_t value);

 private:
  void tag_and_length(dicom::Tag tag, std::size_t length);

  Vrs vrs_;
  std::string bytes_;
};

}  // namespace lightbox::dimse
