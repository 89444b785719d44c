// Multipart bodies, whole and in pieces: both must come to the same parts, or to a refusal. The
// first byte says how large the pieces are. And media types.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "http/media_type.h"
#include "http/multipart.h"

namespace {

using namespace lightbox;

std::string text_of(std::string_view bytes, std::size_t piece_bytes) {
  http::MultipartReader reader("B", 200);
  std::string text;
  while (!bytes.empty()) {
    std::string_view piece = bytes.substr(0, piece_bytes);
    bytes.remove_prefix(piece.size());
    while (true) {
      const auto event = reader.next(piece);
      if (!event) return text + " refused";
      if (*event == http::MultipartReader::Event::need_more) break;
      if (*event == http::MultipartReader::Event::content) {
        if (reader.content().empty()) std::abort();
        text += reader.content();
        continue;
      }
      text += static_cast<char>(*event);
      if (*event != http::MultipartReader::Event::part_begin) continue;
      for (const auto& [name, value] : reader.fields()) text += name + ":" + value + "\n";
    }
    if (!piece.empty()) std::abort();
  }
  return text + (reader.finish() ? " complete" : " cut");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (text_of(bytes, bytes.size() + 1) != text_of(bytes, 1 + data[0] % 16)) std::abort();
  (void)http::parse_media_type(bytes);
  (void)http::parse_accept(bytes);
  return 0;
}
