#pragma once

// Answers made of segments (dicom/segments.h): ranges of a plain file are sent by the kernel.

#include <memory>

#include "dicom/segments.h"
#include "http/message.h"
#include "http/response_body.h"

namespace lightbox::dicomweb {

// One object's segments as pieces of a body.
class SegmentReader {
 public:
  enum class Files : unsigned char {
    by_kernel,  // ranges of a plain file are pieces of it
    read,       // all pieces are bytes
  };
  SegmentReader(std::unique_ptr<dicom::Source> source, dicom::Segments segments,
                Files files = Files::by_kernel);

  // An empty piece is the end. Fails as Source::read.
  Result<http::ResponseBody::Piece> next();

 private:
  std::unique_ptr<dicom::Source> source_;
  dicom::Segments segments_;
  Files files_;
  std::size_t at_ = 0;
  std::uint64_t read_ = 0;  // of the present range
  std::string buffer_;
};

class SegmentBody final : public http::ResponseBody {
 public:
  SegmentBody(std::unique_ptr<dicom::Source> source, dicom::Segments segments)
      : size_(size_of(segments)), reader_(std::move(source), std::move(segments)) {}
  [[nodiscard]] std::optional<std::uint64_t> size() const override { return size_; }
  boost::asio::awaitable<Result<Piece>> next() override { co_return reader_.next(); }

 private:
  std::uint64_t size_;
  SegmentReader reader_;
};

// Puts them into `response`: as its body when they are small, else as its stream. Fails as
// Source::read.
Result<void> send_segments(std::unique_ptr<dicom::Source> source, dicom::Segments segments,
                           http::Response& response);

}  // namespace lightbox::dicomweb
