#pragma once

// The Range field (RFC 9110 14.1): which part of a representation is asked for. Pure.

#include <cstdint>
#include <optional>
#include <string_view>

namespace lightbox::http {

struct ByteRange {
  std::uint64_t first = 0;
  std::uint64_t length = 0;
};

struct WantedRange {
  enum class Kind : unsigned char {
    all,   // no Range, or one that is to be ignored: another unit, malformed, several ranges
    part,  // 206
    unsatisfiable,  // 416
  };
  Kind kind = Kind::all;
  ByteRange range = {};
};

// Of a representation of `size` bytes.
[[nodiscard]] WantedRange wanted_range(std::string_view field, std::uint64_t size);

}  // namespace lightbox::http
