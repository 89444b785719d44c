#pragma once

// The lines of a text file, plain or compressed with gzip (which is known by its first bytes).
//
// One thread at a time.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

struct gzFile_s;  // NOLINT(readability-identifier-naming): zlib's own

namespace lightbox::cli {

class TextLines {
 public:
  enum class Kind : std::uint8_t { line, too_long, end };
  struct Line {
    Kind kind = Kind::end;
    std::string_view text;  // with its line feed, if it has one; valid until the next call
  };

  // "-" is standard input. `invalid` when it is a folder or cannot be opened.
  static Result<TextLines> open(const std::string& path, std::size_t line_bytes_max);
  TextLines(TextLines&& other) noexcept;
  TextLines& operator=(TextLines&& other) = delete;
  ~TextLines();

  // A line that is longer than the limit is passed over: too_long, without its text. A line that
  // an error cuts short is not given: `invalid`, after which nothing may be read.
  Result<Line> next();
  // From 1; of the last line given.
  [[nodiscard]] std::uint64_t number() const { return number_; }
  // How much of the file has been read, compressed as it is.
  [[nodiscard]] std::uint64_t bytes_read() const;

 private:
  TextLines(std::string path, gzFile_s* file, std::size_t line_bytes_max);
  Result<bool> fill();

  std::string path_;
  gzFile_s* file_;
  std::size_t line_bytes_max_;
  std::uint64_t number_ = 0;
  std::string buffer_;
  std::size_t begin_ = 0;  // of the next line in `buffer_`
};

}  // namespace lightbox::cli
