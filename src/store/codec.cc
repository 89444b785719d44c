#include "store/codec.h"

#include <cstdint>
#include <memory>
#include <zstd.h>

extern "C" {
extern const char embedded_dictionary_txt[];
extern const char embedded_dictionary_txt_end[];
}

namespace lightbox::store {
namespace {

constexpr char raw = 0;
constexpr char zstd_dictionary_1 = 1;
constexpr unsigned long long body_bytes_max = 1ULL << 30U;  // a frame that claims more is damaged

std::string_view dictionary() { return {embedded_dictionary_txt, embedded_dictionary_txt_end}; }

const ZSTD_CDict* compression_dictionary(Compression compression) {
  static const ZSTD_CDict* const fast =
      ZSTD_createCDict(dictionary().data(), dictionary().size(), 3);
  static const ZSTD_CDict* const small =
      ZSTD_createCDict(dictionary().data(), dictionary().size(), 7);
  return compression == Compression::fast ? fast : small;
}

const ZSTD_DDict* decompression_dictionary() {
  static const ZSTD_DDict* const digested =
      ZSTD_createDDict(dictionary().data(), dictionary().size());
  return digested;
}

struct FreeContext {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

}  // namespace

std::string compress_body(std::string_view body, Compression compression) {
  thread_local const std::unique_ptr<ZSTD_CCtx, FreeContext> context(ZSTD_createCCtx());
  std::string out(1 + ZSTD_compressBound(body.size()), zstd_dictionary_1);
  const std::size_t size =
      ZSTD_compress_usingCDict(context.get(), out.data() + 1, out.size() - 1, body.data(),
                               body.size(), compression_dictionary(compression));
  if (ZSTD_isError(size) != 0U || size >= body.size()) {
    out.assign(1, raw);
    out.append(body);
    return out;
  }
  out.resize(1 + size);
  return out;
}

std::optional<std::string> decompress_body(std::string_view bytes) {
  if (bytes.empty()) return std::string();  // a deletion
  const std::string_view rest = bytes.substr(1);
  if (bytes[0] == raw) return std::string(rest);
  if (bytes[0] != zstd_dictionary_1) return std::nullopt;
  const auto size = ZSTD_getFrameContentSize(rest.data(), rest.size());
  if (size > body_bytes_max) return std::nullopt;  // also the two error values
  thread_local const std::unique_ptr<ZSTD_DCtx, FreeContext> context(ZSTD_createDCtx());
  std::string out(size, '\0');
  const std::size_t written = ZSTD_decompress_usingDDict(
      context.get(), out.data(), out.size(), rest.data(), rest.size(), decompression_dictionary());
  if (written != out.size()) return std::nullopt;
  return out;
}

}  // namespace lightbox::store
