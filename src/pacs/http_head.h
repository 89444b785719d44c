#pragma once

// The head of a DICOMweb server's answer, as far as it matters here, and what its status means.
// Pure.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace lightbox::pacs {

struct HttpHead {
  int status = 0;
  std::string content_type = {};
  std::string content_range = {};
  std::string content_location = {};
  std::optional<std::uint64_t> body_bytes = {};  // as they are read: none of what came encoded
  bool has_warning = false;  // a Warning field of code 299 (PS3.18 8.3.4.4: results were left out)
  std::int64_t retry_after_ms = 0;
};

// Gathers a head of its lines, as libcurl hands them over.
class HttpHeadReader {
 public:
  // A status line begins anew: another may follow a 100 (Continue).
  void add_line(std::string_view line);
  [[nodiscard]] HttpHead& head() { return head_; }

 private:
  HttpHead head_;
  bool is_encoded_ = false;
};

[[nodiscard]] bool is_success(int status);  // 2xx

// Of a status that is none of success: forbidden (401, 403), not_found (404, 410), not_acceptable
// (406), unavailable (408, 5xx but 501 and 505), throttled (429), invalid (all others).
[[nodiscard]] ProblemKind kind_of_status(int status);

constexpr std::size_t refusal_bytes_max = 500;  // of an answer that refuses, for the message

// Of a stranger's text, for a message: in one line, ASCII, without what terminals would obey.
[[nodiscard]] std::string readable(std::string text);

}  // namespace lightbox::pacs
