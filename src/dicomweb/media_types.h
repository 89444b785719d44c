#pragma once

// Which media type goes with which transfer syntax (PS3.18 8.7.3, tables 8.7.3-2 to 8.7.3-5). Pure.

#include <string>
#include <string_view>

#include "dicom/encoding.h"

namespace lightbox::dicomweb {

using dicom::explicit_little_endian;
inline constexpr std::string_view octet_stream = "application/octet-stream";

// Of frames and pixel data: "image/jpeg"; octet_stream for what is not compressed, and for what is
// not known.
[[nodiscard]] std::string_view media_type_of(std::string_view transfer_syntax);
// What a media type without `transfer-syntax` means: explicit little endian for octet_stream and
// application/dicom; "" for a type that has none.
[[nodiscard]] std::string_view default_transfer_syntax(std::string_view media_type);
// Pixels of it are not those that were there before.
[[nodiscard]] bool is_lossy(std::string_view transfer_syntax);
// Implicit VR and big endian must not go out (8.7.3).
[[nodiscard]] bool is_for_the_web(std::string_view transfer_syntax);

// type; transfer-syntax=1.2.840.10008.1.2.4.90
[[nodiscard]] std::string content_type_of(std::string_view media_type,
                                          std::string_view transfer_syntax);

}  // namespace lightbox::dicomweb
