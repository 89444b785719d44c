#include "hl7/frame.h"

#include <algorithm>

namespace lightbox::hl7 {
namespace {

constexpr char begin_of_block = '\x0B';
constexpr char end_of_block = '\x1C';
// Somebody who sends more than this without a message does not speak MLLP.
constexpr std::size_t outside_bytes_max = 64U << 10U;

}  // namespace

FrameReader::Event FrameReader::next(std::string_view& bytes) {
  if (!is_within_) {
    message_.clear();
    const auto begin = std::min(bytes.find(begin_of_block), bytes.size());
    outside_bytes_ += begin;
    bytes.remove_prefix(begin);
    if (outside_bytes_ > outside_bytes_max) return Event::no_frames;
    if (bytes.empty()) return Event::need_more;
    bytes.remove_prefix(1);
    is_within_ = true;
  }
  const auto piece = bytes.substr(0, bytes.find(end_of_block));
  const auto room = message_bytes_max_ - message_.size();
  message_ += piece.substr(0, room);
  if (piece.size() > room) return Event::too_long;
  bytes.remove_prefix(piece.size());
  if (bytes.empty()) return Event::need_more;
  bytes.remove_prefix(1);
  is_within_ = false;
  outside_bytes_ = 0;
  return Event::message;
}

std::string framed(std::string_view message) {
  std::string block(1, begin_of_block);
  block += message;
  block += end_of_block;
  return block + '\r';
}

}  // namespace lightbox::hl7
