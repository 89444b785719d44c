#pragma once

// How a data set is encoded (PS3.5 7.1, 7.3 and annex A), as its transfer syntax says or as its
// bytes show. Pure functions; safe from any thread.

#include <cstdint>
#include <optional>
#include <string_view>

#include "dicom/tag.h"
#include "dicom/vr.h"

namespace lightbox::dicom {

enum class VrForm : std::uint8_t { implicit_vr, explicit_vr };
enum class ByteOrder : std::uint8_t { little_endian, big_endian };

struct Encoding {
  VrForm form = VrForm::explicit_vr;
  ByteOrder order = ByteOrder::little_endian;
  friend bool operator==(Encoding, Encoding) = default;
};
[[nodiscard]] std::string_view name_of(Encoding encoding);

inline constexpr std::string_view explicit_little_endian = "1.2.840.10008.1.2.1";

// Of any transfer syntax; of one that is not known: explicit little endian.
[[nodiscard]] Encoding encoding_of(std::string_view transfer_syntax);
[[nodiscard]] bool is_deflated(std::string_view transfer_syntax);

[[nodiscard]] std::uint16_t read_16(const char* bytes, ByteOrder order);
[[nodiscard]] std::uint32_t read_32(const char* bytes, ByteOrder order);
[[nodiscard]] inline Tag read_tag(const char* bytes, ByteOrder order) {
  return static_cast<Tag>(read_16(bytes, order)) << 16U | read_16(bytes + 2, order);
}

// The VR that an implicit data set does not say, by the dictionary: LO for a private creator, UN
// for what is not known. `is_signed`: Pixel Representation is 1, which decides between US and SS.
[[nodiscard]] Vr implied_vr(Tag tag, bool is_signed);

// What `header`, the first eight bytes of an element, shows: `declared`, or the other form of VR
// where only that makes sense. `left` bytes follow the header at most.
[[nodiscard]] VrForm shown_form(std::string_view header, Encoding declared, std::uint64_t left);
// The same for a whole data set, whose first tag shows the byte order too.
[[nodiscard]] Encoding shown_encoding(std::string_view header, Encoding declared,
                                      std::uint64_t left);
// What the first eight bytes show of a data set of which nothing is known; nullopt: they do not
// begin an element of group 0008.
[[nodiscard]] std::optional<Encoding> guessed_encoding(std::string_view header, std::uint64_t left);

}  // namespace lightbox::dicom
