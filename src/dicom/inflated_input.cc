#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <zlib.h>

#include "dicom/input.h"

namespace lightbox::dicom {
namespace {

class InflatedInput : public Input {
 public:
  InflatedInput(Source& source, std::uint64_t offset, const Limits& limits)
      : Input(0, limits.dicom_header_bytes_max),
        source_(source),
        source_at_(offset),
        inflated_max_(limits.dicom_inflated_bytes_max) {
    // A negative number of bits: without zlib's header (PS3.5 A.5, RFC 1951).
    is_broken_ = inflateInit2(&stream_, -MAX_WBITS) != Z_OK;
  }
  ~InflatedInput() override { inflateEnd(&stream_); }

  [[nodiscard]] std::optional<std::uint64_t> left() const override {
    return is_complete_ ? std::optional(inflated_ - std::min(inflated_, offset())) : std::nullopt;
  }

 protected:
  Result<std::size_t> load(std::uint64_t, char* to, std::size_t least, std::size_t room) override {
    std::size_t loaded = 0;
    while (loaded < least && !is_complete_) {
      TRY(const std::size_t count, inflate_some(to + loaded, room - loaded));
      loaded += count;
    }
    return loaded;
  }

  Result<std::uint64_t> leave_out(std::uint64_t, std::uint64_t count) override {
    std::array<char, 16 * 1024> scratch;
    while (count > 0 && !is_complete_) {
      TRY(const std::size_t inflated,
          inflate_some(scratch.data(), std::min<std::uint64_t>(count, scratch.size())));
      count -= inflated;
    }
    return count;
  }

 private:
  Result<std::size_t> inflate_some(char* to, std::size_t room) {
    if (is_broken_) return problem(ProblemKind::unavailable, "no memory to inflate the data set");
    if (stream_.avail_in == 0) TRY_DO(read_some());
    stream_.next_out = reinterpret_cast<Bytef*>(to);
    stream_.avail_out = static_cast<uInt>(room);
    const int status = inflate(&stream_, Z_NO_FLUSH);
    const std::size_t count = room - stream_.avail_out;
    inflated_ += count;
    if (inflated_ > inflated_max_) {
      return problem(ProblemKind::too_large,
                     fmt::format("the deflated data set is longer than {} bytes before its pixel "
                                 "data (dicom_inflated_bytes_max)",
                                 inflated_max_));
    }
    if (status == Z_STREAM_END) {
      is_complete_ = true;
    } else if (status != Z_OK && status != Z_BUF_ERROR) {
      return problem(
          ProblemKind::invalid, "structure",
          fmt::format("byte {}: the data set is not deflated as its transfer syntax "
                      "1.2.840.10008.1.2.1.99 says (RFC 1951): {}",
                      source_at_ - stream_.avail_in,
                      stream_.msg == nullptr ? "it has a preset dictionary" : stream_.msg));
    } else if (count == 0 && stream_.avail_in == 0 && source_at_ == source_.size()) {
      return problem(ProblemKind::invalid, "structure",
                     fmt::format("byte {}: the object is truncated: its deflated data set does not "
                                 "end",
                                 source_at_));
    }
    return count;
  }

  Result<void> read_some() {
    const std::size_t count = std::min<std::uint64_t>(buffer_.size(), source_.size() - source_at_);
    TRY_DO(source_.read(source_at_, {buffer_.data(), count}));
    source_at_ += count;
    stream_.next_in = reinterpret_cast<Bytef*>(buffer_.data());
    stream_.avail_in = static_cast<uInt>(count);
    return {};
  }

  Source& source_;
  std::uint64_t source_at_;
  std::uint64_t inflated_max_;
  std::uint64_t inflated_ = 0;
  std::array<char, 16 * 1024> buffer_;
  z_stream stream_{};
  bool is_broken_ = false;
  bool is_complete_ = false;
};

}  // namespace

std::unique_ptr<Input> make_inflated_input(Source& source, std::uint64_t offset,
                                           const Limits& limits) {
  return std::make_unique<InflatedInput>(source, offset, limits);
}

}  // namespace lightbox::dicom
