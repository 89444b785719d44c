#include "dicomweb/segment_body.h"

#include <algorithm>

namespace lightbox::dicomweb {
namespace {

constexpr std::size_t block_bytes = 256 * 1024;
// Up to here one copy costs less than a second system call.
constexpr std::uint64_t in_memory_bytes_max = 64 * 1024;

}  // namespace

SegmentReader::SegmentReader(std::unique_ptr<dicom::Source> source, dicom::Segments segments,
                             Files files)
    : source_(std::move(source)), segments_(std::move(segments)), files_(files) {
  std::erase_if(segments_, [](const dicom::Segment& segment) { return segment.size() == 0; });
}

Result<http::ResponseBody::Piece> SegmentReader::next() {
  using Piece = http::ResponseBody::Piece;
  if (at_ == segments_.size()) return Piece{};
  const dicom::Segment& segment = segments_[at_];
  if (!segment.is_range()) {
    ++at_;
    return Piece{.bytes = segment.bytes};
  }
  if (files_ == Files::by_kernel && source_->descriptor() >= 0 && segment.swapped_bytes == 1) {
    ++at_;
    return Piece{.file = source_->descriptor(), .offset = segment.offset, .length = segment.length};
  }
  const auto count =
      static_cast<std::size_t>(std::min<std::uint64_t>(block_bytes, segment.length - read_));
  buffer_.resize(count);
  TRY_DO(dicom::read_range(*source_, segment, read_, buffer_));
  read_ += count;
  if (read_ == segment.length) {
    ++at_;
    read_ = 0;
  }
  return Piece{.bytes = buffer_};
}

Result<void> send_segments(std::unique_ptr<dicom::Source> source, dicom::Segments segments,
                           http::Response& response) {
  const std::uint64_t size = size_of(segments);
  if (size > in_memory_bytes_max) {
    response.stream = std::make_shared<SegmentBody>(std::move(source), std::move(segments));
    return {};
  }
  response.body.reserve(size);
  for (const dicom::Segment& segment : segments) {
    if (!segment.is_range()) {
      response.body += segment.bytes;
      continue;
    }
    const std::size_t before = response.body.size();
    response.body.resize(before + segment.length);
    TRY_DO(dicom::read_range(*source, segment, 0, std::span(response.body).subspan(before)));
  }
  return {};
}

}  // namespace lightbox::dicomweb
