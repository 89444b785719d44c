#pragma once

// The framing of HL7 messages on a connection: MLLP (HL7 Transport Specification: MLLP, Release 1).
//
//   <VT> message <FS><CR>
//
// <FS> ends a message by itself, since some senders leave <CR> out. What is between messages is
// passed over.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace lightbox::hl7 {

// Belongs to one thread at a time.
class FrameReader {
 public:
  explicit FrameReader(std::size_t message_bytes_max) : message_bytes_max_(message_bytes_max) {}

  // The last two are the end: next() is not to be called again.
  enum class Event : std::uint8_t { need_more, message, too_long, no_frames };
  // Takes bytes from the front of `bytes` until one of these is there; all of them when it needs
  // more. no_frames: more than 64 KiB between messages.
  Event next(std::string_view& bytes);

  // Of the last event: the message, or the beginning of one that is too long. Until next().
  [[nodiscard]] const std::string& message() const { return message_; }
  // Whether a message has begun that has not ended.
  [[nodiscard]] bool is_within() const { return is_within_; }

 private:
  std::size_t message_bytes_max_;
  std::string message_;
  std::size_t outside_bytes_ = 0;  // since the last message
  bool is_within_ = false;
};

[[nodiscard]] std::string framed(std::string_view message);

}  // namespace lightbox::hl7
