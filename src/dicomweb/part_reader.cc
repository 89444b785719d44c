#include "dicomweb/part_reader.h"

#include <fmt/format.h>

namespace lightbox::dicomweb {

PartReader::PartReader(const StoreRequest& request, const Limits& limits, Upload& upload)
    : limits_(limits), upload_(upload) {
  if (request.content == StoreRequest::Content::instance) return;
  parts_.emplace(request.boundary, limits.header_bytes_max);
}

Result<void> PartReader::take(std::string_view piece) {
  bytes_ += piece.size();
  if (bytes_ > limits_.stow_bytes_max) {
    return problem(ProblemKind::too_large,
                   fmt::format("The request is larger than stow_bytes_max ({} bytes)",
                               limits_.stow_bytes_max));
  }
  if (parts_) return take_parts(piece);
  if (!has_begun_) {
    has_begun_ = true;
    TRY_DO(upload_.begin_part({}));
  }
  return upload_.append(piece);
}

Result<void> PartReader::take_parts(std::string_view piece) {
  while (true) {
    TRY(const auto event, parts_->next(piece));
    switch (event) {
      case http::MultipartReader::Event::need_more:
        return {};
      case http::MultipartReader::Event::part_begin:
        TRY_DO(upload_.begin_part(parts_->fields()));
        break;
      case http::MultipartReader::Event::content:
        TRY_DO(upload_.append(parts_->content()));
        break;
      case http::MultipartReader::Event::part_end:
        TRY_DO(upload_.end_part());
        break;
      case http::MultipartReader::Event::end:
        break;
    }
  }
}

Result<void> PartReader::finish() {
  if (parts_) {
    TRY_DO(parts_->finish());
    if (parts_->parts_count() == 0) {
      return problem(ProblemKind::invalid, "The multipart body has no parts");
    }
  } else if (has_begun_) {
    TRY_DO(upload_.end_part());
  } else {
    return problem(ProblemKind::invalid, "The request has no body");
  }
  return upload_.finish();
}

}  // namespace lightbox::dicomweb
