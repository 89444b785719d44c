#include "dicomweb/metadata_body.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "dicom/json.h"
#include "dicomweb/native_model.h"
#include "dicomweb/selection.h"

namespace lightbox::dicomweb {
namespace {

constexpr std::size_t piece_bytes = 256 * 1024;
// So many are read at once: JSON takes a microsecond or two each, XML a hundred.
constexpr std::size_t json_instances = 64;
constexpr std::size_t xml_instances = 4;

}  // namespace

// A quote within a JSON string has a backslash before it: so this is a member's name wherever it
// stands.
void append_with_absolute_uris(std::string_view json, std::string_view prefix, std::string& out) {
  constexpr std::string_view member = R"("BulkDataURI":")";
  while (true) {
    const void* found = ::memmem(json.data(), json.size(), member.data(), member.size());
    if (found == nullptr) break;
    const std::size_t end =
        static_cast<std::size_t>(static_cast<const char*>(found) - json.data()) + member.size();
    out.append(json, 0, end).append(prefix);
    json.remove_prefix(end);
  }
  out.append(json);
}

MetadataBody::MetadataBody(Api& api, std::string base, std::vector<std::int64_t> keys,
                           MetadataFormat format, Multipart multipart)
    : api_(api),
      base_(std::move(base)),
      keys_(std::move(keys)),
      format_(format),
      multipart_(std::move(multipart)) {}

boost::asio::awaitable<Result<MetadataBody::Piece>> MetadataBody::next() {
  const auto piece = std::exchange(is_rewound_, false) ? std::string_view(piece_) : make_piece();
  if (!piece) co_return piece.error();
  co_return Piece{.bytes = *piece};
}

Result<std::string_view> MetadataBody::make_piece() {
  piece_.clear();
  if (is_complete_) return std::string_view{};
  if (at_ == 0 && format_ == MetadataFormat::json) piece_ += '[';
  while (at_ < keys_.size() && piece_.size() < piece_bytes) TRY_DO(add_some());
  if (at_ == keys_.size()) {
    is_complete_ = true;
    piece_ += format_ == MetadataFormat::json ? "]" : multipart_.end();
  }
  return std::string_view(piece_);
}

Result<void> MetadataBody::add_some() {
  const std::size_t at_once = format_ == MetadataFormat::json ? json_instances : xml_instances;
  const auto keys = std::span(keys_).subspan(at_, std::min(at_once, keys_.size() - at_));
  added_ = {};
  TRY_DO(api_.archive().store().dicom().metadata(
      keys, [this](const store::DicomIndex::Metadata& one) { add(one); }));
  at_ += keys.size();
  return added_;
}

void MetadataBody::add(const store::DicomIndex::Metadata& one) {
  const std::string prefix =
      url_of(base_, one.study_uid, one.series_uid, one.sop_instance_uid) + "/bulkdata/";
  if (format_ == MetadataFormat::xml) {
    if (added_) added_ = add_xml(one, prefix);
    return;
  }
  if (count_++ > 0) piece_ += ',';
  append_with_absolute_uris(one.json, prefix, piece_);
}

Result<void> MetadataBody::add_xml(const store::DicomIndex::Metadata& one,
                                   std::string_view prefix) {
  TRY(const auto parsed, dicom::ParsedJson::parse(one.json, api_.limits()));
  piece_ += multipart_.begin_part("application/dicom+xml", {});
  piece_ += write_native_model(parsed.data_set(), [&](std::string_view path) {
    const std::string_view uri = parsed.bulk_uri(path);
    return uri.empty() ? std::string() : std::string(prefix).append(uri);
  });
  return {};
}

}  // namespace lightbox::dicomweb
