#pragma once

// Value representations (PS3.5 6.2).

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace lightbox::dicom {

// clang-format off
enum class Vr : std::uint8_t {
  AE, AS, AT, CS, DA, DS, DT, FL, FD, IS, LO, LT, OB, OD, OF, OL, OV, OW, PN, SH, SL, SQ, SS, ST, SV,
  TM, UC, UI, UL, UN, UR, US, UT, UV,
};
// clang-format on

[[nodiscard]] std::string_view name_of(Vr vr);
[[nodiscard]] std::optional<Vr> vr_of(std::string_view name);

// Text, of any kind: its bytes are characters.
[[nodiscard]] bool is_text(Vr vr);
// Text in the data set's Specific Character Set (PS3.5 6.1.2.3): LO LT PN SH ST UC UT.
[[nodiscard]] bool has_character_set(Vr vr);
// Text in which a backslash separates values; not LT, ST, UR and UT.
[[nodiscard]] bool is_multi_valued_text(Vr vr);
// Bytes of one number, which is also the unit of its byte order; 1 for text and bytes, 2 for AT.
[[nodiscard]] std::size_t unit_bytes(Vr vr);
// In explicit VR a length of 32 bits, after two reserved bytes (PS3.5 7.1.2).
[[nodiscard]] bool has_long_length(Vr vr);

}  // namespace lightbox::dicom
