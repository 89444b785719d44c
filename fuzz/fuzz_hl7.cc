// HL7 messages in their frames, whole and in pieces: both must come to the same messages. What is
// read of one holds what its header promises, and its acknowledgement can be read.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "hl7/frame.h"
#include "hl7/message.h"

namespace {

using namespace lightbox;

constexpr std::size_t message_bytes_max = 2'000;

std::vector<std::string> messages_of(std::string_view bytes, std::size_t piece_bytes) {
  hl7::FrameReader frames(message_bytes_max);
  std::vector<std::string> messages;
  while (!bytes.empty()) {
    std::string_view piece = bytes.substr(0, piece_bytes);
    bytes.remove_prefix(piece.size());
    while (true) {
      const auto event = frames.next(piece);
      if (event == hl7::FrameReader::Event::need_more) break;
      messages.push_back(frames.message());
      if (event != hl7::FrameReader::Event::message) return messages;
    }
  }
  return messages;
}

void read(std::string_view bytes) {
  const Limits limits{.hl7_names_max = 3};
  const auto message = hl7::parse_message(bytes, limits);
  if (!message) return;
  if (message->study_uids.size() + message->accession_numbers.size() > 3) std::abort();
  const auto answer = hl7::acknowledgement(message->header, hl7::AckCode::error, "a|b^c\\d", 0);
  const auto header = hl7::read_header(answer);
  if (!header || header->control_id != message->header.control_id) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto messages = messages_of(bytes, bytes.size() + 1);
  if (messages != messages_of(bytes, 1 + data[0] % 16)) std::abort();
  for (const std::string& message : messages) read(message);
  read(bytes.substr(0, message_bytes_max));
  return 0;
}
