#include "store/series_metadata.h"

#include <mutex>
#include <zstd.h>

#include "store/codec.h"

namespace lightbox::store {
namespace {

constexpr int level = 1;
constexpr unsigned long long metadata_bytes_max = 1ULL << 30U;  // what claims more is damaged

struct FreeContext {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

}  // namespace

// Digested when it is first needed: who only reads does without.
struct SeriesMetadata::Dictionary {
  std::once_flag once;
  ZSTD_CDict* digested = nullptr;
  ~Dictionary() { ZSTD_freeCDict(digested); }
};

SeriesMetadata::SeriesMetadata(std::string text, std::string content)
    : text_(std::move(text)),
      content_(std::move(content)),
      dictionary_(std::make_unique<Dictionary>()) {}

SeriesMetadata::~SeriesMetadata() = default;

std::shared_ptr<const SeriesMetadata> SeriesMetadata::made_of(std::string_view metadata) {
  return std::shared_ptr<const SeriesMetadata>(
      new SeriesMetadata(std::string(metadata), compress_body(metadata)));
}

std::shared_ptr<const SeriesMetadata> SeriesMetadata::stored(std::string_view content) {
  auto text = decompress_body(content);
  if (!text) return nullptr;
  return std::shared_ptr<const SeriesMetadata>(
      new SeriesMetadata(std::move(*text), std::string(content)));
}

std::string SeriesMetadata::compress(std::string_view metadata) const {
  thread_local const std::unique_ptr<ZSTD_CCtx, FreeContext> context(ZSTD_createCCtx());
  std::call_once(dictionary_->once, [this] {
    dictionary_->digested = ZSTD_createCDict(text_.data(), text_.size(), level);
  });
  std::string out(ZSTD_compressBound(metadata.size()), '\0');
  const std::size_t size =
      ZSTD_compress_usingCDict(context.get(), out.data(), out.size(), metadata.data(),
                               metadata.size(), dictionary_->digested);
  out.resize(ZSTD_isError(size) != 0U ? 0 : size);
  return out;
}

bool SeriesMetadata::decompress(std::string_view compressed, std::string& out) const {
  const auto size = ZSTD_getFrameContentSize(compressed.data(), compressed.size());
  if (size > metadata_bytes_max) return false;  // also the two error values
  thread_local const std::unique_ptr<ZSTD_DCtx, FreeContext> context(ZSTD_createDCtx());
  std::size_t written = 0;
  out.resize_and_overwrite(size, [&](char* data, std::size_t room) {
    written = ZSTD_decompress_usingDict(context.get(), data, room, compressed.data(),
                                        compressed.size(), text_.data(), text_.size());
    return ZSTD_isError(written) != 0U ? 0 : written;
  });
  return written == size;
}

}  // namespace lightbox::store
