#include "dicomweb/metadata_upload.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <utility>

#include "dicom/part10.h"
#include "dicom/write.h"
#include "dicomweb/native_model.h"
#include "http/media_type.h"
#include "http/text.h"

namespace lightbox::dicomweb {
namespace {

constexpr std::size_t memory_bytes_max = 4U << 20U;

// Media types of compressed pixel data, and their transfer syntaxes where the part does not say its
// own (PS3.18 8.7.3.3, the default of each).
struct CompressedType {
  std::string_view name;
  std::string_view transfer_syntax;
};
constexpr std::array compressed_types{
    CompressedType{"image/jpeg", "1.2.840.10008.1.2.4.70"},
    CompressedType{"image/jls", "1.2.840.10008.1.2.4.80"},
    CompressedType{"image/jp2", "1.2.840.10008.1.2.4.90"},
    CompressedType{"image/jpx", "1.2.840.10008.1.2.4.92"},
    CompressedType{"image/jphc", "1.2.840.10008.1.2.4.201"},
    CompressedType{"image/jxl", "1.2.840.10008.1.2.4.110"},
    CompressedType{"image/dicom-rle", "1.2.840.10008.1.2.5"},
    CompressedType{"video/mpeg2", "1.2.840.10008.1.2.4.100"},
    CompressedType{"video/mp4", "1.2.840.10008.1.2.4.102"},
};

std::string_view field(const http::Fields& fields, std::string_view wanted) {
  for (const auto& [name, value] : fields) {
    if (http::equals_ignoring_case(name, wanted)) return value;
  }
  return {};
}

}  // namespace

MetadataUpload::MetadataUpload(Batch& batch, Api& api)
    : Upload(batch),
      api_(api),
      spool_(api.archive().options().data_directory + "/dicom/incoming", memory_bytes_max) {}

Result<void> MetadataUpload::begin_part(const http::Fields& fields) {
  const std::string_view content_type = field(fields, "Content-Type");
  http::MediaType type;
  if (!content_type.empty()) {
    TRY(type, http::parse_media_type(content_type));
  }
  location_ = field(fields, "Content-Location");
  text_.clear();
  if (type.name == "application/dicom+json" || type.name == "application/json") {
    part_ = Part::json;
    return {};
  }
  if (type.name == "application/dicom+xml") {
    part_ = Part::xml;
    return {};
  }
  part_ = Part::bulk;
  if (location_.empty()) {
    return problem(ProblemKind::invalid,
                   fmt::format("A part of type '{}' has no Content-Location, which its data set's "
                               "BulkDataURI would name",
                               content_type.substr(0, 100)));
  }
  Bulk bulk;
  bulk.offset = spool_.size();
  bulk.media_type = type.name;
  for (const CompressedType& compressed : compressed_types) {
    if (type.name != compressed.name) continue;
    const auto own = type.parameter("transfer-syntax");
    bulk.transfer_syntax = own.empty() ? compressed.transfer_syntax : own;
  }
  if (bulks_.emplace(location_, std::move(bulk)).second) return {};
  return problem(ProblemKind::invalid,
                 fmt::format("Two parts have the Content-Location '{}'", location_.substr(0, 200)));
}

Result<void> MetadataUpload::append(std::string_view bytes) {
  if (part_ == Part::bulk) return spool_.append(bytes);
  text_bytes_ += bytes.size();
  if (text_bytes_ > api_.limits().dicom_header_bytes_max) {
    return problem(ProblemKind::too_large,
                   fmt::format("The metadata is larger than dicom_header_bytes_max ({} bytes)",
                               api_.limits().dicom_header_bytes_max));
  }
  text_ += bytes;
  return {};
}

Result<void> MetadataUpload::end_part() {
  if (part_ == Part::bulk) {
    Bulk& bulk = bulks_.find(location_)->second;
    bulk.length = spool_.size() - bulk.offset;
    return {};
  }
  if (part_ == Part::xml) {
    TRY(text_, native_model_to_json(text_));
  }
  const std::string text = std::exchange(text_, {});
  // An array, as the standard says; or one object, as XML has it.
  const auto begin = std::min(text.find_first_not_of(" \t\r\n"), text.size());
  if (text.substr(begin, 1) == "{") {
    TRY(auto data_set, dicom::ParsedJson::parse(text, api_.limits()));
    data_sets_.push_back(std::move(data_set));
    return {};
  }
  TRY(auto data_sets, dicom::ParsedJson::parse_all(text, api_.limits()));
  for (auto& data_set : data_sets) data_sets_.push_back(std::move(data_set));
  return {};
}

Result<void> MetadataUpload::finish() {
  if (data_sets_.empty()) {
    return problem(ProblemKind::invalid,
                   "The request has no metadata: no part of type application/dicom+json or "
                   "application/dicom+xml with a data set");
  }
  for (const dicom::ParsedJson& metadata : data_sets_) {
    if (auto built = build(metadata); !built) {
      const auto uid = [&](dicom::Tag tag) { return std::string(metadata.data_set().first(tag)); };
      ingest::Admitted failed;
      failed.study_uid = uid(dicom::tags::StudyInstanceUID);
      failed.series_uid = uid(dicom::tags::SeriesInstanceUID);
      failed.sop_class_uid = uid(dicom::tags::SOPClassUID);
      failed.sop_instance_uid = uid(dicom::tags::SOPInstanceUID);
      failed.problem = std::move(built).error();
      batch().push_failed(std::move(failed));
    }
    if (batch().is_full()) batch().store();
  }
  for (const auto& [location, bulk] : bulks_) {
    if (bulk.is_referenced) continue;
    batch().push_failed(problem(
        ProblemKind::not_supported,
        fmt::format("No BulkDataURI is '{}', a part's Content-Location", location.substr(0, 200))));
  }
  return {};
}

Result<void> MetadataUpload::build(const dicom::ParsedJson& metadata) {
  const dicom::DataSet& data_set = metadata.data_set();
  TRY(const auto transfer_syntax, transfer_syntax_of(metadata));
  ingest::Incoming object = batch().receive();
  const dicom::ByteSink sink = [&object](std::string_view bytes) { return object.append(bytes); };
  TRY_DO(sink(dicom::file_meta_of({.sop_class_uid = data_set.first(dicom::tags::SOPClassUID),
                                   .sop_instance_uid = data_set.first(dicom::tags::SOPInstanceUID),
                                   .transfer_syntax = transfer_syntax,
                                   .source_ae_title = {}})));
  const dicom::WriteOptions options{
      .outer_value = [&](std::string_view path, const dicom::Element& element)
          -> Result<std::optional<dicom::OuterValue>> {
        const std::string uri(metadata.bulk_uri(path));
        if (uri.empty()) return std::optional<dicom::OuterValue>();
        TRY(auto value, outer_value(element, path, uri));
        return std::optional(std::move(value));
      }};
  TRY_DO(dicom::write_explicit_little_endian(data_set, options, sink));
  batch().push(std::move(object));
  return {};
}

Result<std::string> MetadataUpload::transfer_syntax_of(const dicom::ParsedJson& metadata) {
  const auto uri = metadata.bulk_uri(dicom::text_of(dicom::tags::PixelData));
  const auto found = bulks_.find(uri);
  if (uri.empty() || found == bulks_.end() || found->second.transfer_syntax.empty()) {
    return std::string(dicom::explicit_little_endian);
  }
  const Bulk& bulk = found->second;
  const auto frames = metadata.data_set().integer(dicom::tags::NumberOfFrames).value_or(1);
  if (frames > 1 && bulk.media_type.starts_with("image/")) {
    return problem(ProblemKind::unsupported_media_type,
                   fmt::format("{} frames cannot be stored from one part of type {}", frames,
                               bulk.media_type));
  }
  if (!dicom::is_uid(bulk.transfer_syntax, dicom::UidRule::strict)) {
    return problem(ProblemKind::unsupported_media_type,
                   fmt::format("The transfer-syntax '{}' of a part is no UID",
                               bulk.transfer_syntax.substr(0, 100)));
  }
  return bulk.transfer_syntax;
}

Result<dicom::OuterValue> MetadataUpload::outer_value(const dicom::Element& element,
                                                      std::string_view path,
                                                      const std::string& uri) {
  const auto found = bulks_.find(uri);
  if (found == bulks_.end()) {
    return problem(ProblemKind::not_found,
                   fmt::format("No part has the Content-Location '{}', the BulkDataURI of {}",
                               uri.substr(0, 200), path));
  }
  Bulk& bulk = found->second;
  bulk.is_referenced = true;
  const bool is_pixel_data = element.tag == dicom::tags::PixelData && path.size() == 8;
  return dicom::OuterValue{.length = bulk.length,
                           .is_encapsulated = is_pixel_data && !bulk.transfer_syntax.empty(),
                           .write = [this, &bulk](const dicom::ByteSink& sink) {
                             return spool_.copy(bulk.offset, bulk.length, sink);
                           }};
}

}  // namespace lightbox::dicomweb
