#pragma once

// The chunked transfer coding (RFC 9112 7.1), in pieces as they come. Chunk extensions are skipped;
// trailer fields are checked for their form and dropped, since they must not pass for fields of the
// head.
//
// Not Beast's: that of Boost 1.81 asserts when a body's first chunk is the last one and comes in
// two pieces. Not thread-safe.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace lightbox::http {

class ChunkedDecoder {
 public:
  // `overhead_bytes_max`: of extensions and trailers together, in one body.
  explicit ChunkedDecoder(std::size_t overhead_bytes_max)
      : overhead_bytes_max_(overhead_bytes_max) {}

  // Appends data to `body` and returns how many bytes it took: all, unless the body ends before.
  // `invalid`, or `header_too_large` past the limit; nothing more can then be decoded.
  Result<std::size_t> decode(std::string_view bytes, std::string& body);
  [[nodiscard]] bool is_complete() const { return state_ == State::complete; }

 private:
  enum class State : unsigned char {
    size_first,  // at the first digit of a chunk's size
    size,        // after a digit
    size_space,  // blank space between size and extension, or before the line's end
    extension,   // after the ';'
    size_end,    // at the LF of the size line
    data,
    data_end_cr,
    data_end_lf,
    trailer_first,  // at the start of a trailer line, or of the empty line
    trailer_name,
    trailer_value,
    trailer_end,  // at the LF of a trailer line
    end,          // at the last LF
    complete,
  };

  // The state after `c`; false when it cannot stand there.
  bool step(char c);
  bool step_size(char c);
  bool step_trailer(char c);
  bool add_digit(char c);

  std::size_t overhead_bytes_max_;
  std::size_t overhead_bytes_ = 0;
  std::uint64_t left_ = 0;  // of the chunk: while its size is read, the size so far
  State state_ = State::size_first;
};

}  // namespace lightbox::http
