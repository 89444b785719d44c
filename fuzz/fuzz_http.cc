// What a client sends, to the parsers that see it first: the head and the chunked body, whole and
// in pieces; targets and forms; gzip. Whole and in pieces must come to the same.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "http/chunked_decoder.h"
#include "http/compression.h"
#include "http/request_head.h"

namespace {

using namespace lightbox;

void fuzz_chunks(std::string_view bytes) {
  http::ChunkedDecoder whole(1000);
  http::ChunkedDecoder pieces(1000);
  std::string whole_body;
  std::string pieces_body;
  const bool is_good = whole.decode(bytes, whole_body).has_value();
  bool is_good_in_pieces = true;
  for (std::size_t i = 0; i < bytes.size() && is_good_in_pieces; ++i) {
    is_good_in_pieces = pieces.decode(bytes.substr(i, 1), pieces_body).has_value();
  }
  if (is_good != is_good_in_pieces || whole_body != pieces_body) std::abort();
}

void fuzz_head(std::string_view bytes) {
  const Limits limits;
  http::Request request;
  http::Framing framing;
  const auto used = http::parse_request_head(bytes, limits, request, framing);
  if (!used) return;
  if (*used > bytes.size()) std::abort();
  if (*used == 0) return;
  (void)http::decode_path_segment(request.path);
  (void)http::decode_form(request.query);
  (void)http::accepts_gzip(request.field("Accept-Encoding"));
  // What comes after a head does not change it.
  http::Request again;
  http::Framing framing_again;
  const auto used_again =
      http::parse_request_head(bytes.substr(0, *used), limits, again, framing_again);
  if (!used_again || *used_again != *used || again.fields != request.fields) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 4) {
    case 0:
      fuzz_chunks(bytes);
      break;
    case 1:
      (void)http::gunzip(bytes, 100'000);
      break;
    default:
      fuzz_head(bytes);
      break;
  }
  return 0;
}
