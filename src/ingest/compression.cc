#include "ingest/compression.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <fmt/format.h>
#include <limits>
#include <zstd.h>

namespace lightbox::ingest {
namespace {

constexpr std::size_t frame_bytes = 256U << 10U;
// What is read has been written by other versions, too; more than this is not.
constexpr std::size_t frame_bytes_max = 1U << 20U;
constexpr std::size_t compressed_bytes_max = ZSTD_COMPRESSBOUND(frame_bytes_max);
constexpr std::size_t frames_max = 1U << 20U;
constexpr int level = 3;

constexpr std::uint32_t skippable_magic = 0x184D2A5E;
constexpr std::uint32_t seekable_magic = 0x8F92EAB1;
constexpr std::size_t table_header_bytes = 8;  // magic, length of the rest
constexpr std::size_t table_footer_bytes = 9;  // number of frames, descriptor, magic
constexpr std::size_t entry_bytes_plain = 8;   // lengths: compressed, of the content
constexpr std::size_t entry_bytes_with_checksum = 12;
constexpr unsigned char has_checksums = 0x80;
constexpr unsigned char reserved_bits = 0x7C;
constexpr std::size_t no_frame = std::numeric_limits<std::size_t>::max();

void append_32(std::uint32_t value, std::string& out) {
  for (unsigned shift = 0; shift < 32; shift += 8) out += static_cast<char>(value >> shift & 0xFFU);
}

std::uint32_t read_32(const char* bytes) {
  std::uint32_t value = 0;
  for (unsigned i = 0; i < 4; ++i) {
    value |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  }
  return value;
}

struct FreeContext {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

std::unique_ptr<ZSTD_CCtx, FreeContext> make_compression_context() {
  std::unique_ptr<ZSTD_CCtx, FreeContext> context(ZSTD_createCCtx());
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, level);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
  return context;
}

std::string footer_of(std::size_t frames) {
  std::string footer;
  append_32(static_cast<std::uint32_t>(frames), footer);
  footer += '\0';
  append_32(seekable_magic, footer);
  return footer;
}

}  // namespace

Result<Compressed> compress(dicom::Source& content, std::uint64_t bytes_max,
                            const std::function<Result<void>(std::string_view bytes)>& sink) {
  thread_local const auto context = make_compression_context();
  std::string frame(ZSTD_compressBound(frame_bytes), '\0');
  std::string piece(std::min<std::uint64_t>(frame_bytes, content.size()), '\0');
  std::string entries;
  std::uint64_t written = table_header_bytes + table_footer_bytes;
  for (std::uint64_t offset = 0; offset < content.size(); offset += piece.size()) {
    piece.resize(std::min<std::uint64_t>(piece.size(), content.size() - offset));
    TRY_DO(content.read(offset, piece));
    const std::size_t count =
        ZSTD_compress2(context.get(), frame.data(), frame.size(), piece.data(), piece.size());
    if (ZSTD_isError(count) != 0U) {
      return problem(ProblemKind::internal, fmt::format("zstd: {}", ZSTD_getErrorName(count)));
    }
    written += count + entry_bytes_plain;
    if (written > bytes_max) return Compressed::too_large;
    append_32(static_cast<std::uint32_t>(count), entries);
    append_32(static_cast<std::uint32_t>(piece.size()), entries);
    TRY_DO(sink({frame.data(), count}));
  }
  std::string table;
  append_32(skippable_magic, table);
  append_32(static_cast<std::uint32_t>(entries.size() + table_footer_bytes), table);
  table += entries + footer_of(entries.size() / entry_bytes_plain);
  TRY_DO(sink(table));
  return Compressed::yes;
}

struct CompressedSource::Context {
  std::unique_ptr<ZSTD_DCtx, FreeContext> zstd{ZSTD_createDCtx()};
};

CompressedSource::CompressedSource(std::unique_ptr<dicom::Source> stored, std::string location)
    : stored_(std::move(stored)),
      location_(std::move(location)),
      context_(std::make_unique<Context>()),
      inflated_frame_(no_frame) {}
CompressedSource::~CompressedSource() = default;

Result<std::unique_ptr<dicom::Source>> CompressedSource::open(std::unique_ptr<dicom::Source> stored,
                                                              std::string location) {
  std::unique_ptr<CompressedSource> source(
      new CompressedSource(std::move(stored), std::move(location)));
  TRY_DO(source->read_table());
  return source;
}

Problem CompressedSource::damaged(std::string_view what) const {
  return problem(ProblemKind::internal, fmt::format("The file {} is damaged: {}", location_, what));
}

Result<void> CompressedSource::read_table() {
  const std::uint64_t size = stored_->size();
  std::string footer(table_footer_bytes, '\0');
  if (size < table_header_bytes + table_footer_bytes) return damaged("it has no seek table");
  TRY_DO(read_stored(size - footer.size(), footer));
  const auto descriptor = static_cast<unsigned char>(footer[4]);
  if (read_32(&footer[5]) != seekable_magic || (descriptor & reserved_bits) != 0) {
    return damaged("it does not end with a seek table");
  }
  const std::size_t entry_bytes =
      (descriptor & has_checksums) != 0 ? entry_bytes_with_checksum : entry_bytes_plain;
  const std::size_t frames = read_32(footer.data());
  const std::uint64_t entries_bytes = frames * entry_bytes;
  const std::uint64_t table_bytes = table_header_bytes + entries_bytes + table_footer_bytes;
  if (frames == 0 || frames > frames_max || table_bytes > size) {
    return damaged(fmt::format("its seek table is of {} frames", frames));
  }
  const std::uint64_t table_offset = size - table_bytes;
  std::string header(table_header_bytes, '\0');
  TRY_DO(read_stored(table_offset, header));
  if (read_32(header.data()) != skippable_magic ||
      read_32(&header[4]) != entries_bytes + table_footer_bytes) {
    return damaged("its seek table does not begin where it must");
  }
  return read_entries(table_offset, frames, entry_bytes);
}

// Nothing of them is believed: all frames but the last are of one length, and they fill what is
// before the table.
Result<void> CompressedSource::read_entries(std::uint64_t table_offset, std::size_t frames,
                                            std::size_t entry_bytes) {
  std::string entries(frames * entry_bytes, '\0');
  TRY_DO(read_stored(table_offset + table_header_bytes, entries));
  frame_bytes_ = read_32(&entries[4]);
  frame_offsets_.reserve(frames + 1);
  frame_offsets_.push_back(0);
  for (std::size_t frame = 0; frame < frames; ++frame) {
    const std::uint32_t compressed = read_32(&entries[frame * entry_bytes]);
    const std::uint32_t content = read_32(&entries[frame * entry_bytes + 4]);
    const bool is_last = frame + 1 == frames;
    if (compressed == 0 || compressed > compressed_bytes_max || content == 0 ||
        content > frame_bytes_max || (is_last ? content > frame_bytes_ : content != frame_bytes_)) {
      return damaged(fmt::format("its seek table says that frame {} has {} bytes, {} inflated",
                                 frame, compressed, content));
    }
    frame_offsets_.push_back(frame_offsets_.back() + compressed);
    content_bytes_ += content;
  }
  if (frame_offsets_.back() == table_offset) return {};
  return damaged(fmt::format("its seek table is of {} bytes of frames; it has {}",
                             frame_offsets_.back(), table_offset));
}

Result<void> CompressedSource::read_stored(std::uint64_t offset, std::span<char> out) {
  auto read = stored_->read(offset, out);
  // It has shrunk.
  if (!read && read.error().kind == ProblemKind::invalid) {
    return damaged(read.error().issues[0].diagnostics);
  }
  return read;
}

std::size_t CompressedSource::content_bytes_of(std::size_t frame) const {
  return std::min<std::uint64_t>(frame_bytes_, content_bytes_ - frame * frame_bytes_);
}

Result<void> CompressedSource::inflate(std::size_t frame, std::span<char> out) {
  const std::uint64_t offset = frame_offsets_[frame];
  compressed_.resize(frame_offsets_[frame + 1] - offset);
  TRY_DO(read_stored(offset, compressed_));
  const std::size_t count = ZSTD_decompressDCtx(context_->zstd.get(), out.data(), out.size(),
                                                compressed_.data(), compressed_.size());
  if (ZSTD_isError(count) != 0U) {
    return damaged(fmt::format("frame {} (zstd: {})", frame, ZSTD_getErrorName(count)));
  }
  if (count == out.size()) return {};
  return damaged(
      fmt::format("frame {} has {} bytes; the seek table says {}", frame, count, out.size()));
}

Result<void> CompressedSource::read(std::uint64_t offset, std::span<char> out) {
  if (offset > content_bytes_ || out.size() > content_bytes_ - offset) {
    return problem(ProblemKind::invalid, "structure",
                   fmt::format("the object is truncated: it has {} bytes, and bytes up to {} are "
                               "needed",
                               content_bytes_, offset + out.size()));
  }
  while (!out.empty()) {
    const std::size_t frame = offset / frame_bytes_;
    const std::size_t bytes = content_bytes_of(frame);
    const std::size_t start = offset - frame * frame_bytes_;
    const std::size_t count = std::min(out.size(), bytes - start);
    if (inflated_frame_ != frame && count == bytes) {
      TRY_DO(inflate(frame, out.first(count)));
    } else {
      if (inflated_frame_ != frame) {
        inflated_frame_ = no_frame;
        inflated_.resize(bytes);
        TRY_DO(inflate(frame, inflated_));
        inflated_frame_ = frame;
      }
      std::memcpy(out.data(), inflated_.data() + start, count);
    }
    offset += count;
    out = out.subspan(count);
  }
  return {};
}

}  // namespace lightbox::ingest
