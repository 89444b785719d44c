#include "ingest/transcode_instance.h"

#include <algorithm>
#include <fmt/format.h>

namespace lightbox::ingest {
namespace {

// The only one of those that can be written (dicom::can_encode) that loses.
constexpr std::string_view jpeg_baseline = "1.2.840.10008.1.2.4.50";
constexpr std::string_view item("\xFE\xFF\x00\xE0", 4);
constexpr std::string_view sequence_delimitation("\xFE\xFF\xDD\xE0\0\0\0\0", 8);
constexpr std::uint64_t value_bytes_max = 0xFFFFFFFE;

class SpoolSource final : public dicom::Source {
 public:
  explicit SpoolSource(Spool spool) : spool_(std::move(spool)) {}
  [[nodiscard]] std::uint64_t size() const override { return spool_.size(); }
  Result<void> read(std::uint64_t offset, std::span<char> out) override {
    std::size_t done = 0;
    while (done < out.size()) {
      TRY(const std::size_t count,
          spool_.read(offset + done, out.data() + done, out.size() - done));
      if (count == 0) return problem(ProblemKind::internal, "The transcoded instance is too short");
      done += count;
    }
    return {};
  }

 private:
  Spool spool_;
};

}  // namespace

InstanceTranscoder::InstanceTranscoder(Archive& archive, StoredObject& object,
                                       std::string transfer_syntax)
    : limits_(archive.options().limits),
      object_(object),
      transfer_syntax_(std::move(transfer_syntax)),
      is_native_(transfer_syntax_ == dicom::explicit_little_endian),
      spool_(archive.options().data_directory, limits_.dicom_memory_bytes_max) {}

Result<bool> InstanceTranscoder::go_on(std::chrono::steady_clock::time_point ends) {
  if (!transcoder_) TRY_DO(begin());
  while (at_ < count_) {
    TRY(const auto frame, transcoder_->frame(at_));
    TRY_DO(append(frame));
    if (++at_ < count_ && std::chrono::steady_clock::now() > ends) return false;
  }
  if (!is_native_) TRY_DO(spool_.append(sequence_delimitation));
  if (is_native_ && native_bytes_ % 2 != 0) TRY_DO(spool_.append(std::string_view("\0", 1)));
  TRY_DO(append(around_.after));
  return true;
}

InstanceSegments InstanceTranscoder::take() {
  const std::uint64_t size = spool_.size();
  return {.source = std::make_unique<SpoolSource>(std::move(spool_)),
          .segments = {{.offset = 0, .length = size}}};
}

// What the first frame becomes says what the attributes will be.
Result<void> InstanceTranscoder::begin() {
  TRY(transcoder_, Transcoder::open(object_, transfer_syntax_, limits_));
  count_ = object_.pixel_data()->frame_count;
  TRY(const auto first, transcoder_->frame(0));
  dicom::NewPixelData form;
  form.transfer_syntax = transfer_syntax_;
  form.photometric_interpretation = first.photometric_interpretation;
  if (is_native_) {
    native_bytes_ = std::uint64_t{first.bytes.size()} * count_;
    if (native_bytes_ > value_bytes_max) {
      return problem(ProblemKind::unprocessable,
                     "The pixel data is longer than 4 GiB when it is not compressed");
    }
    form.length = native_bytes_ + native_bytes_ % 2;
    form.vr = transcoder_->pixel().bits_allocated > 8 ? dicom::Vr::OW : dicom::Vr::OB;
  } else if (transfer_syntax_ == jpeg_baseline) {
    form.is_lossy = true;
    form.lossy_ratio = fmt::format(
        "{:.4g}", static_cast<double>(transcoder_->pixel().frame_bytes()) /
                      static_cast<double>(std::max<std::size_t>(first.bytes.size(), 1)));
  }
  TRY(around_, dicom::around_pixel_data(transcoder_->part10(), form));
  TRY_DO(append(around_.before));
  if (!is_native_) {  // an empty Basic Offset Table
    TRY_DO(append_item({}));
  }
  TRY_DO(append(first));
  at_ = 1;
  return {};
}

Result<void> InstanceTranscoder::append(const dicom::EncodedFrame& frame) {
  return is_native_ ? spool_.append(frame.bytes) : append_item(frame.bytes);
}

Result<void> InstanceTranscoder::append_item(std::string_view bytes) {
  const auto length = static_cast<std::uint32_t>(bytes.size() + bytes.size() % 2);
  std::string header(item);
  for (unsigned shift = 0; shift < 32; shift += 8) header += static_cast<char>(length >> shift);
  TRY_DO(spool_.append(header));
  TRY_DO(spool_.append(bytes));
  if (bytes.size() % 2 != 0) TRY_DO(spool_.append(std::string_view("\0", 1)));
  return {};
}

Result<void> InstanceTranscoder::append(const dicom::Segments& segments) {
  std::string block;
  for (const dicom::Segment& segment : segments) {
    if (!segment.is_range()) {
      TRY_DO(spool_.append(segment.bytes));
      continue;
    }
    for (std::uint64_t at = 0; at < segment.length; at += block.size()) {
      block.resize(std::min<std::uint64_t>(256 * 1024, segment.length - at));
      TRY_DO(dicom::read_range(object_.source(), segment, at, block));
      TRY_DO(spool_.append(block));
    }
  }
  return {};
}

}  // namespace lightbox::ingest
