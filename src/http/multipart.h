#pragma once

// Multipart bodies (RFC 2046 5.1, RFC 2387) in pieces as they come, in bounded memory: the content
// of parts is passed on, only part headers and a delimiter that may have begun are kept.
//
//   preamble  --B  headers  content  --B  headers  content  --B--  epilogue
//
// Lines end with CR LF, or throughout with LF when the first delimiter's line does. A body without
// a preamble may begin with the delimiter. Preamble and epilogue are skipped. Not thread-safe.

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/message.h"

namespace lightbox::http {

class MultipartReader {
 public:
  // `boundary` as the media type's parameter has it. `headers_bytes_max`: of one part.
  MultipartReader(std::string_view boundary, std::size_t headers_bytes_max);

  enum class Event : unsigned char {
    need_more,   // all bytes have been taken
    part_begin,  // fields() are those of the part
    content,     // content() is the next of it; never empty
    part_end,
    end,  // the last delimiter; what follows is the epilogue, which is taken too
  };
  // Takes bytes off the front of `bytes`. `invalid`: what follows a boundary is no delimiter line,
  // or a part's header is malformed; `header_too_large`.
  Result<Event> next(std::string_view& bytes);
  // Once there are no more bytes: `invalid` unless the last delimiter has come.
  Result<void> finish() const;

  [[nodiscard]] const Fields& fields() const { return fields_; }
  // Of the last event; a view of the bytes given, or of this.
  [[nodiscard]] std::string_view content() const { return content_; }
  [[nodiscard]] std::size_t parts_count() const { return parts_count_; }

 private:
  enum class State : unsigned char {
    preamble,   // in a line of it; matched_ counts of "--B"
    delimiter,  // after "--B", to the end of its line
    headers,
    content,  // matched_ counts of the line break and "--B"
    epilogue,
  };

  Result<Event> read_preamble(std::string_view& bytes);
  Result<Event> read_delimiter(std::string_view& bytes);
  Result<Event> read_headers(std::string_view& bytes);
  Result<Event> read_content(std::string_view& bytes);
  Result<void> parse_headers();
  [[nodiscard]] std::size_t break_bytes() const { return delimiter_.front() == '\r' ? 2 : 1; }
  Problem wrong(std::string_view what) const;

  std::string delimiter_;  // "\r\n--B" or "\n--B"
  std::size_t headers_bytes_max_;
  State state_ = State::preamble;
  std::size_t matched_ = 0;
  bool is_line_start_ = true;  // in the preamble
  bool has_content_ = false;   // of the part: bytes beyond what may be its delimiter
  std::string line_;           // after "--B"; in headers, all so far
  Fields fields_;
  std::string_view content_;
  std::size_t parts_count_ = 0;
};

// The boundary parameter: `invalid` when it is missing, longer than 200 characters (RFC 2046 has 70
// at most) or holds control characters.
Result<std::string> boundary_of(std::string_view parameter);

}  // namespace lightbox::http
