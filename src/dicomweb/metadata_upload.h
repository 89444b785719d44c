#pragma once

// PS3.18 10.5.1.4, "Metadata and Bulkdata": data sets as DICOM JSON or XML in the first parts, and
// what their BulkDataURIs mean in parts with that Content-Location. The objects are written as
// explicit VR little endian, or in the transfer syntax of their compressed pixel data (8.7.3).

#include <cstdint>
#include <map>
#include <string>

#include "base/spool.h"
#include "dicom/json.h"
#include "dicom/write.h"
#include "dicomweb/upload.h"

namespace lightbox::dicomweb {

class MetadataUpload final : public Upload {
 public:
  MetadataUpload(Batch& batch, Api& api);

  Result<void> begin_part(const http::Fields& fields) override;
  Result<void> append(std::string_view bytes) override;
  Result<void> end_part() override;
  Result<void> finish() override;
  [[nodiscard]] bool blocks(std::size_t bytes) const override { return spool_.blocks(bytes); }

 private:
  enum class Part : unsigned char { json, xml, bulk };
  // Where a part's content lies in the spool, and what it is.
  struct Bulk {
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
    std::string media_type;       // "application/octet-stream"
    std::string transfer_syntax;  // of compressed pixel data; else ""
    bool is_referenced = false;
  };

  Result<void> build(const dicom::ParsedJson& metadata);
  // Which transfer syntax an object gets by its pixel data; explicit VR little endian by default.
  Result<std::string> transfer_syntax_of(const dicom::ParsedJson& metadata);
  Result<dicom::OuterValue> outer_value(const dicom::Element& element, std::string_view path,
                                        const std::string& uri);

  Api& api_;
  Spool spool_;
  Part part_ = Part::json;
  std::string location_;  // of the present part
  std::map<std::string, Bulk, std::less<>> bulks_;
  std::string text_;            // of the present part of metadata
  std::size_t text_bytes_ = 0;  // of all
  std::vector<dicom::ParsedJson> data_sets_;
};

}  // namespace lightbox::dicomweb
