#pragma once

// Metadata of many instances, made from the index a few at a time (PS3.18 10.4.1.1.2).

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dicomweb/api.h"
#include "dicomweb/multipart.h"
#include "http/response_body.h"
#include "store/dicom_index.h"

namespace lightbox::dicomweb {

enum class MetadataFormat : unsigned char { json, xml };

class MetadataBody final : public http::ResponseBody {
 public:
  // `base` as Call::base: BulkDataURIs begin with it. `multipart` is of XML's parts.
  MetadataBody(Api& api, std::string base, std::vector<std::int64_t> keys, MetadataFormat format,
               Multipart multipart);

  [[nodiscard]] std::optional<std::uint64_t> size() const override { return std::nullopt; }
  boost::asio::awaitable<Result<Piece>> next() override;

  // The next of it; "" at the end.
  Result<std::string_view> make_piece();
  [[nodiscard]] bool is_complete() const { return is_complete_; }
  // What was made last is to be sent first, again.
  void rewind() { is_rewound_ = true; }

 private:
  Result<void> add_some();
  void add(const store::DicomIndex::Metadata& one);
  Result<void> add_xml(const store::DicomIndex::Metadata& one, std::string_view prefix);

  Api& api_;
  std::string base_;
  std::vector<std::int64_t> keys_;
  MetadataFormat format_;
  Multipart multipart_;
  std::size_t at_ = 0;
  std::size_t count_ = 0;
  std::string piece_;
  Result<void> added_;
  bool is_complete_ = false;
  bool is_rewound_ = false;
};

// Puts `prefix` before each BulkDataURI of DICOM JSON, which has them relative.
void append_with_absolute_uris(std::string_view json, std::string_view prefix, std::string& out);

}  // namespace lightbox::dicomweb
