#include "pacs/http_head.h"

#include <algorithm>
#include <charconv>

#include "http/text.h"

namespace lightbox::pacs {
namespace {

// Seconds; a date is taken for nothing, since clocks differ.
std::int64_t seconds_in_ms(std::string_view text) {
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  constexpr std::int64_t most = 86'400;
  if (error != std::errc{} || end != text.data() + text.size()) return 0;
  return std::clamp<std::int64_t>(seconds, 0, most) * 1000;
}

// RFC 9112 4: "HTTP/1.1 200 OK"; libcurl has seen that it is one.
int status_of_line(std::string_view line) {
  const auto space = line.find(' ');
  if (space == line.npos) return 0;
  const std::string_view digits = line.substr(space + 1, 3);
  int status = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), status);
  return status;
}

std::optional<std::uint64_t> count_of(std::string_view text) {
  std::uint64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return count;
}

}  // namespace

void HttpHeadReader::add_line(std::string_view line) {
  while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
  if (line.starts_with("HTTP/")) {
    head_ = {.status = status_of_line(line)};
    is_encoded_ = false;
    return;
  }
  const auto colon = line.find(':');
  if (colon == line.npos) return;
  const auto is = [name = line.substr(0, colon)](std::string_view wanted) {
    return http::equals_ignoring_case(name, wanted);
  };
  const std::string_view value = http::trimmed(line.substr(colon + 1));
  if (is("Content-Type")) head_.content_type = value;
  if (is("Content-Range")) head_.content_range = value;
  if (is("Content-Location")) head_.content_location = value;
  if (is("Content-Length")) head_.body_bytes = count_of(value);
  if (is("Content-Encoding") || is("Transfer-Encoding")) is_encoded_ = true;
  if (is_encoded_) head_.body_bytes.reset();
  if (is("Warning")) head_.has_warning = head_.has_warning || value.starts_with("299");
  if (is("Retry-After")) head_.retry_after_ms = seconds_in_ms(value);
}

bool is_success(int status) { return status >= 200 && status < 300; }

ProblemKind kind_of_status(int status) {
  switch (status) {
    case 401:
    case 403:
      return ProblemKind::forbidden;
    case 404:
    case 410:
      return ProblemKind::not_found;
    case 406:
      return ProblemKind::not_acceptable;
    case 408:
      return ProblemKind::unavailable;
    case 429:
      return ProblemKind::throttled;
    case 501:
    case 505:
      return ProblemKind::invalid;
    default:
      return status >= 500 ? ProblemKind::unavailable : ProblemKind::invalid;
  }
}

std::string readable(std::string text) {
  std::ranges::replace_if(text, [](unsigned char c) { return c < ' ' || c == 0x7F; }, ' ');
  std::ranges::replace_if(text, [](unsigned char c) { return c > 0x7F; }, '?');
  return text;
}

}  // namespace lightbox::pacs
