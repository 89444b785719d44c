#pragma once

// An answer of JSON to a source's client (http_client.h), whole and bounded.

#include <fmt/format.h>
#include <string>
#include <string_view>

#include "http/media_type.h"
#include "pacs/http_client.h"

namespace lightbox::pacs {

class TextBody : public HttpBody {
 public:
  explicit TextBody(std::size_t bytes_max) : bytes_max_(bytes_max) {}
  // `invalid` when it is no JSON.
  Result<void> begin(const HttpHead& head) override {
    text_.clear();
    if (head.status == 204) return {};
    const auto type = http::parse_media_type(head.content_type);
    if (type && (type->name == "application/dicom+json" || type->name == "application/json")) {
      return {};
    }
    return problem(ProblemKind::invalid,
                   fmt::format("The answer is '{}', not JSON", head.content_type.substr(0, 100)));
  }
  // `too_large` past the bound.
  Result<void> take(std::string_view bytes) override {
    if (text_.size() + bytes.size() > bytes_max_) {
      return problem(ProblemKind::too_large,
                     fmt::format("The answer is longer than {} bytes", bytes_max_));
    }
    text_ += bytes;
    return {};
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::size_t bytes_max_;
  std::string text_;
};

}  // namespace lightbox::pacs
