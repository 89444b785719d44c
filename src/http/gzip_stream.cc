#include "http/gzip_stream.h"

#include <algorithm>
#include <limits>
#include <new>
#include <zlib.h>

namespace lightbox::http {
namespace {

// Level 3 of 9: JSON shrinks about as far as at the default of 6, in a third of the time.
constexpr int level = 3;
constexpr int gzip_window_bits = 15 + 16;  // + 16: the gzip format rather than zlib's
constexpr int memory_level = 8;
constexpr std::size_t grow_bytes_min = 16 * 1024;
constexpr std::size_t grow_bytes_max = 1024 * 1024;

Bytef* bytes(const char* text) {
  return reinterpret_cast<Bytef*>(const_cast<char*>(text));  // zlib reads it only
}

// zlib counts in 32 bits.
uInt clamped(std::size_t size) {
  return static_cast<uInt>(std::min<std::size_t>(size, std::numeric_limits<uInt>::max()));
}

// Runs `step` with room for `room` more bytes at the end of `out`, which then has what was written.
template <typename Step>
int append(z_stream& stream, std::size_t room, std::string& out, Step step) {
  const std::size_t before = out.size();
  int status = Z_OK;
  out.resize_and_overwrite(before + room, [&](char* data, std::size_t) {
    stream.next_out = bytes(data + before);
    stream.avail_out = clamped(room);
    status = step();
    return before + (clamped(room) - stream.avail_out);
  });
  return status;
}

}  // namespace

GzipWriter::GzipWriter() : stream_(std::make_unique<z_stream>()) {
  if (deflateInit2(stream_.get(), level, Z_DEFLATED, gzip_window_bits, memory_level,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::bad_alloc();
  }
}

GzipWriter::~GzipWriter() { deflateEnd(stream_.get()); }

void GzipWriter::start() { deflateReset(stream_.get()); }

void GzipWriter::write(std::string_view plain, End end, std::string& out) {
  stream_->next_in = bytes(plain.data());
  std::size_t left = plain.size();
  while (true) {
    stream_->avail_in = clamped(left);
    const uInt given = stream_->avail_in;
    const bool is_last = given == left && end == End::yes;
    const std::size_t room = std::clamp<std::size_t>(left / 4, grow_bytes_min, grow_bytes_max);
    const int status = append(*stream_, room, out, [&] {
      return deflate(stream_.get(), is_last ? Z_FINISH : Z_NO_FLUSH);
    });
    left -= given - stream_->avail_in;
    if (is_last ? status == Z_STREAM_END : (left == 0 && stream_->avail_out != 0)) return;
  }
}

GzipReader::GzipReader(std::size_t plain_bytes_max)
    : stream_(std::make_unique<z_stream>()), plain_bytes_max_(plain_bytes_max) {
  if (inflateInit2(stream_.get(), gzip_window_bits) != Z_OK) throw std::bad_alloc();
}

GzipReader::~GzipReader() { inflateEnd(stream_.get()); }

Result<bool> GzipReader::read(std::string_view compressed, std::string& plain) {
  stream_->next_in = bytes(compressed.data());
  std::size_t left = compressed.size();
  bool has_more_output = false;
  while (left > 0 || has_more_output) {
    if (is_between_members_) {
      inflateReset(stream_.get());
      is_between_members_ = false;
    }
    stream_->avail_in = clamped(left);
    const uInt given = stream_->avail_in;
    // One byte more than is allowed, so that exactly the limit still passes.
    const std::size_t allowed = plain_bytes_max_ - plain.size() + 1;
    const std::size_t room =
        std::min(allowed, std::clamp<std::size_t>(left * 4, grow_bytes_min, grow_bytes_max));
    const int status =
        append(*stream_, room, plain, [&] { return inflate(stream_.get(), Z_NO_FLUSH); });
    left -= given - stream_->avail_in;
    has_more_output = stream_->avail_out == 0;
    if (plain.size() > plain_bytes_max_) {
      return problem(ProblemKind::too_large, "The body is more than body_bytes_max (" +
                                                 std::to_string(plain_bytes_max_) +
                                                 " bytes) when decompressed");
    }
    if (status == Z_STREAM_END) {
      is_between_members_ = true;
      has_more_output = false;
    } else if (status == Z_BUF_ERROR) {
      return true;  // all that could be done with this input is done
    } else if (status != Z_OK) {
      return problem(ProblemKind::invalid,
                     "The body says Content-Encoding: gzip and is not valid gzip");
    }
  }
  return true;
}

Result<bool> GzipReader::finish() const {
  if (is_between_members_) return true;
  return problem(ProblemKind::invalid, "The gzip body ends before its data is complete");
}

}  // namespace lightbox::http
