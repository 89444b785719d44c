#include "http/chunked_decoder.h"

#include <algorithm>

#include "http/text.h"

namespace lightbox::http {

Result<std::size_t> ChunkedDecoder::decode(std::string_view bytes, std::string& body) {
  std::size_t used = 0;
  while (used < bytes.size() && state_ != State::complete) {
    if (state_ == State::data) {
      const auto count =
          static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size() - used));
      body.append(bytes.substr(used, count));
      used += count;
      left_ -= count;
      if (left_ == 0) state_ = State::data_end_cr;
      continue;
    }
    if (!step(bytes[used])) {
      return problem(ProblemKind::invalid, "The body is not valid in chunked transfer coding");
    }
    ++used;
    if (overhead_bytes_ > overhead_bytes_max_) {
      return problem(ProblemKind::header_too_large,
                     "The body's chunk extensions and trailers are larger than header_bytes_max (" +
                         std::to_string(overhead_bytes_max_) + " bytes)");
    }
  }
  return used;
}

bool ChunkedDecoder::step(char c) {
  const auto expect = [&](char wanted, State next) {
    state_ = next;
    return c == wanted;
  };
  switch (state_) {
    case State::size_first:
    case State::size:
    case State::size_space:
    case State::extension:
      return step_size(c);
    case State::size_end:
      return expect('\n', left_ == 0 ? State::trailer_first : State::data);
    case State::data_end_cr:
      return expect('\r', State::data_end_lf);
    case State::data_end_lf:
      return expect('\n', State::size_first);
    case State::trailer_first:
    case State::trailer_name:
    case State::trailer_value:
      return step_trailer(c);
    case State::trailer_end:
      return expect('\n', State::trailer_first);
    case State::end:
      return expect('\n', State::complete);
    case State::data:
    case State::complete:
      break;
  }
  return false;
}

//  chunk-size [ BWS chunk-ext ] CR
bool ChunkedDecoder::step_size(char c) {
  if (state_ == State::size_first) {
    left_ = 0;
    state_ = State::size;
    return add_digit(c);
  }
  if (c == '\r') {
    state_ = State::size_end;
    return true;
  }
  if (state_ == State::extension) {
    ++overhead_bytes_;
    return is_field_character(c);
  }
  if (c == ';' || c == ' ' || c == '\t') {
    ++overhead_bytes_;
    state_ = c == ';' ? State::extension : State::size_space;
    return true;
  }
  return state_ == State::size && add_digit(c);
}

//  trailer-section = *( field-line CRLF ) CRLF
bool ChunkedDecoder::step_trailer(char c) {
  ++overhead_bytes_;
  if (state_ == State::trailer_first && c == '\r') {
    state_ = State::end;
    return true;
  }
  if (state_ == State::trailer_value) {
    if (c == '\r') state_ = State::trailer_end;
    return c == '\r' || is_field_character(c);
  }
  if (state_ == State::trailer_name && c == ':') {
    state_ = State::trailer_value;
    return true;
  }
  state_ = State::trailer_name;
  return is_token_character(c);
}

bool ChunkedDecoder::add_digit(char c) {
  const int digit = hex_digit(c);
  // The last digit that still fits has four bits of room above it.
  if (digit < 0 || (left_ >> 60) != 0) return false;
  left_ = left_ * 16 + static_cast<std::uint64_t>(digit);
  return true;
}

}  // namespace lightbox::http
