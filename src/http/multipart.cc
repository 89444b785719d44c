#include "http/multipart.h"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

#include "http/text.h"

namespace lightbox::http {
namespace {

constexpr std::size_t boundary_characters_max = 200;
// Blank space after a boundary (RFC 2046 5.1.1, transport-padding).
constexpr std::size_t padding_bytes_max = 200;

}  // namespace

MultipartReader::MultipartReader(std::string_view boundary, std::size_t headers_bytes_max)
    : delimiter_("\r\n--"), headers_bytes_max_(headers_bytes_max) {
  delimiter_ += boundary;
}

Result<MultipartReader::Event> MultipartReader::next(std::string_view& bytes) {
  while (!bytes.empty()) {
    const State before = state_;
    auto event = Result<Event>(Event::need_more);
    switch (state_) {
      case State::preamble:
        event = read_preamble(bytes);
        break;
      case State::delimiter:
        event = read_delimiter(bytes);
        break;
      case State::headers:
        event = read_headers(bytes);
        break;
      case State::content:
        event = read_content(bytes);
        break;
      case State::epilogue:
        bytes = {};
        break;
    }
    if (!event || *event != Event::need_more || state_ == before) return event;
  }
  return Event::need_more;
}

Result<void> MultipartReader::finish() const {
  if (state_ == State::epilogue) return {};
  if (state_ == State::preamble) {
    return problem(ProblemKind::invalid,
                   fmt::format("The multipart body has no delimiter '{}', which its boundary "
                               "parameter announces",
                               delimiter_.substr(delimiter_.find('-'))));
  }
  return wrong("ends before its last delimiter, the boundary between two '--'");
}

// Lines up to one that begins with "--B".
Result<MultipartReader::Event> MultipartReader::read_preamble(std::string_view& bytes) {
  const std::string_view wanted = std::string_view(delimiter_).substr(2);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const char c = bytes[i];
    if (is_line_start_ && c == wanted[matched_]) {
      if (++matched_ == wanted.size()) {
        matched_ = 0;
        state_ = State::delimiter;
        bytes.remove_prefix(i + 1);
        return Event::need_more;
      }
      continue;
    }
    matched_ = 0;
    is_line_start_ = c == '\n';
  }
  bytes = {};
  return Event::need_more;
}

// *LWSP CRLF, or "--".
Result<MultipartReader::Event> MultipartReader::read_delimiter(std::string_view& bytes) {
  while (!bytes.empty()) {
    const char c = bytes.front();
    bytes.remove_prefix(1);
    line_ += c;
    if (line_ == "--") {
      line_.clear();
      state_ = State::epilogue;
      return Event::end;
    }
    if (c == '\n') {
      const bool is_first = parts_count_ == 0;
      const bool is_bare = !line_.ends_with("\r\n");
      if (is_first && is_bare) delimiter_.erase(0, 1);
      line_.clear();
      state_ = State::headers;
      return Event::need_more;
    }
    const bool is_good = c == ' ' || c == '\t' || c == '\r' || line_ == "-";
    if (!is_good || line_.size() > padding_bytes_max) {
      return wrong(
          fmt::format("has its boundary, followed by neither a line break nor '--' but "
                      "by '{}'",
                      line_));
    }
  }
  return Event::need_more;
}

// Lines up to an empty one.
Result<MultipartReader::Event> MultipartReader::read_headers(std::string_view& bytes) {
  while (!bytes.empty()) {
    const auto end = bytes.find('\n');
    const auto taken = bytes.substr(0, end == std::string_view::npos ? end : end + 1);
    if (line_.size() + taken.size() > headers_bytes_max_) {
      return problem(ProblemKind::header_too_large,
                     fmt::format("The header of part {} of the multipart body is larger than "
                                 "header_bytes_max ({} bytes)",
                                 parts_count_ + 1, headers_bytes_max_));
    }
    line_ += taken;
    bytes.remove_prefix(taken.size());
    if (end == std::string_view::npos) break;
    const std::string_view all = line_;
    const bool is_last =
        all == "\n" || all == "\r\n" || all.ends_with("\n\n") || all.ends_with("\n\r\n");
    if (!is_last) continue;
    TRY_DO(parse_headers());
    line_.clear();
    ++parts_count_;
    // A part without content: its delimiter's line break is the empty line's.
    has_content_ = false;
    matched_ = break_bytes();
    state_ = State::content;
    return Event::part_begin;
  }
  return Event::need_more;
}

Result<void> MultipartReader::parse_headers() {
  fields_.clear();
  std::string_view rest = line_;
  while (!rest.empty()) {
    const auto end = rest.find('\n');
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) break;
    if ((line.front() == ' ' || line.front() == '\t') && !fields_.empty()) {
      fields_.back().second.append(" ").append(trimmed(line));  // a folded line
      continue;
    }
    const auto colon = line.find(':');
    const std::string_view name = line.substr(0, colon);
    if (colon == std::string_view::npos || name.empty() ||
        !std::ranges::all_of(name, is_token_character)) {
      return wrong(fmt::format("has the line '{}' where a header field 'Name: value' is wanted",
                               line.substr(0, 200)));
    }
    fields_.emplace_back(name, trimmed(line.substr(colon + 1)));
  }
  return {};
}

Result<MultipartReader::Event> MultipartReader::read_content(std::string_view& bytes) {
  const std::string_view delimiter = delimiter_;
  if (matched_ != 0) {
    // A delimiter that may have begun. Its first byte is nowhere else in it: when it goes on
    // otherwise, all that matched is content, and the next may begin where it failed.
    const std::string_view wanted = delimiter.substr(matched_);
    const std::size_t common = static_cast<std::size_t>(
        std::mismatch(wanted.begin(), wanted.end(), bytes.begin(), bytes.end()).first -
        wanted.begin());
    matched_ += common;
    bytes.remove_prefix(common);
    if (matched_ == delimiter.size()) {
      matched_ = 0;
      has_content_ = false;
      state_ = State::delimiter;
      return Event::part_end;
    }
    if (bytes.empty()) return Event::need_more;
    const std::size_t kept = std::exchange(matched_, 0);
    const std::size_t from = std::exchange(has_content_, true) ? 0 : break_bytes();
    content_ = delimiter.substr(from, kept - from);
    if (!content_.empty()) return Event::content;
  }
  has_content_ = true;
  std::size_t end = bytes.find(delimiter);
  if (end == std::string_view::npos) {
    // The part of a delimiter that the bytes may end with.
    const std::size_t tail = bytes.size() - std::min(bytes.size(), delimiter.size() - 1);
    const std::size_t begun = bytes.rfind(delimiter.front());
    end = begun != std::string_view::npos && begun >= tail &&
                  delimiter.starts_with(bytes.substr(begun))
              ? begun
              : bytes.size();
  }
  if (end == 0) {
    matched_ = 1;
    bytes.remove_prefix(1);
    return bytes.empty() ? Event::need_more : read_content(bytes);
  }
  content_ = bytes.substr(0, end);
  bytes.remove_prefix(end);
  return Event::content;
}

Problem MultipartReader::wrong(std::string_view what) const {
  return problem(ProblemKind::invalid,
                 parts_count_ == 0 ? fmt::format("The multipart body {}", what)
                                   : fmt::format("The multipart body, after part {} began, {}",
                                                 parts_count_, what));
}

Result<std::string> boundary_of(std::string_view parameter) {
  const bool is_printable =
      std::ranges::all_of(parameter, [](char c) { return is_field_character(c) && c != '\t'; });
  if (!parameter.empty() && parameter.size() <= boundary_characters_max && is_printable) {
    return std::string(parameter);
  }
  return problem(ProblemKind::invalid,
                 parameter.empty() ? "The multipart Content-Type has no boundary parameter"
                                   : "The multipart Content-Type's boundary is longer than 200 "
                                     "characters, or not printable");
}

}  // namespace lightbox::http
