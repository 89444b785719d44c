#include "ingest/stored_object.h"

#include <algorithm>
#include <span>

#include "dicom/encoding.h"
#include "dicom/frames.h"
#include "ingest/bulk_places.h"

namespace lightbox::ingest {
namespace {

Problem damaged(const store::StoredFile& file) {
  return problem(
      ProblemKind::internal, "exception",
      "The index of the frames of " + file.instance.sop_instance_uid + " is damaged in the store");
}

Problem elsewhere(const store::StoredFile& file) {
  return problem(ProblemKind::unavailable, "Instance " + file.instance.sop_instance_uid +
                                               " is in the archive " + file.source +
                                               ", and has not been fetched");
}

}  // namespace

StoredObject::StoredObject(Archive& archive, store::StoredFile file)
    : archive_(&archive), file_(std::move(file)), transfer_syntax_(file_.transfer_syntax_uid) {}

Result<StoredObject> StoredObject::find(Archive& archive, const store::DicomSelection& instance) {
  TRY(auto stored, archive.store().dicom().pixel_data(instance));
  StoredObject object(archive, std::move(stored.file));
  object.pixel_data_ = stored.pixel_data;
  return object;
}

Result<std::optional<StoredObject>> StoredObject::find(Archive& archive, std::int64_t key) {
  TRY(auto stored, archive.store().dicom().pixel_data(key));
  if (!stored) return std::optional<StoredObject>();
  StoredObject object(archive, std::move(stored->file));
  object.pixel_data_ = stored->pixel_data;
  return std::optional(std::move(object));
}

bool StoredObject::is_slow() const { return dicom::is_deflated(file_.transfer_syntax_uid); }

Result<void> StoredObject::open_as_it_is() {
  if (file_.is_remote()) return elsewhere(file_);
  auto source = archive_->open_file(file_.file);
  // The index has the instance: that its file is missing is no fault of the request.
  if (!source && source.error().kind == ProblemKind::not_found) {
    return problem(ProblemKind::unavailable, source.error().issues[0].diagnostics);
  }
  TRY(source_, std::move(source));
  return {};
}

Result<void> StoredObject::open() {
  TRY_DO(open_as_it_is());
  if (dicom::is_deflated(file_.transfer_syntax_uid)) TRY_DO(inflate());
  return {};
}

Result<void> StoredObject::inflate() {
  TRY(const auto deflated, dicom::Part10::read(*source_, archive_->options().limits));
  TRY(auto bytes, dicom::inflate_object(deflated, *source_, archive_->options().limits));
  source_ = std::make_unique<dicom::OwnedSource>(std::move(bytes));
  TRY(const auto object, dicom::Part10::read(*source_, archive_->options().limits));
  inflated_ = std::make_unique<store::DicomInstance>();
  TRY_DO(add_bulk_places(object, *source_, *inflated_));
  transfer_syntax_ = object.transfer_syntax();
  pixel_data_ = inflated_->pixel_data;
  return {};
}

std::string_view StoredObject::frame_transfer_syntax() const {
  return pixel_data_ && pixel_data_->frame_bits != 0 ? dicom::explicit_little_endian
                                                     : std::string_view(transfer_syntax_);
}

Result<void> StoredObject::add_frame(std::uint32_t frame, dicom::Segments& segments) {
  if (pixel_data_->frame_bits != 0) return add_native(frame, segments);
  TRY(const std::string* page, page_of(frame));
  const auto fragments = dicom::find_in_page(*page, frame % dicom::frames_per_page);
  if (!fragments) return damaged(file_);
  for (const auto& fragment : *fragments) {
    segments.push_back({.offset = fragment.offset, .length = fragment.length});
  }
  return {};
}

Result<const std::string*> StoredObject::page_of(std::uint32_t frame) {
  const std::uint32_t page = frame / dicom::frames_per_page;
  if (page_.empty() || page != page_number_) {
    TRY(page_, archive_->store().dicom().frame_page(file_.key, page));
    page_number_ = page;
  }
  return &page_;
}

Result<void> StoredObject::add_native(std::uint32_t frame, dicom::Segments& segments) {
  const store::PixelData& pixels = *pixel_data_;
  const std::uint64_t first_bit = frame * pixels.frame_bits;
  const std::uint64_t shift = first_bit % 8;
  dicom::Segment range{.offset = pixels.offset + first_bit / 8,
                       .length = (shift + pixels.frame_bits + 7) / 8,
                       .swapped_bytes = pixels.swapped_bytes};
  if (shift == 0 && pixels.frame_bits % 8 == 0) {
    segments.push_back(std::move(range));
    return {};
  }
  // PS3.5 8.1.1: bits follow each other without gaps, also from frame to frame; the first is the
  // least significant one. A frame of its own begins with a byte.
  std::string bytes(range.length, '\0');
  TRY_DO(dicom::read_range(*source_, range, 0, bytes));
  const auto byte_at = [&](std::size_t i) -> unsigned {
    return i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0;
  };
  const std::size_t length = (pixels.frame_bits + 7) / 8;
  for (std::size_t i = 0; i < length; ++i) {
    bytes[i] = static_cast<char>(byte_at(i) >> shift | byte_at(i + 1) << (8 - shift));
  }
  bytes.resize(length);
  if (const unsigned used = pixels.frame_bits % 8; used != 0) {
    bytes.back() = static_cast<char>(byte_at(length - 1) & ((1U << used) - 1));
  }
  segments.push_back({.bytes = std::move(bytes)});
  return {};
}

Result<std::string> StoredObject::frame_bytes(std::uint32_t frame) {
  dicom::Segments segments;
  TRY_DO(add_frame(frame, segments));
  std::string bytes;
  for (const dicom::Segment& segment : segments) {
    if (!segment.is_range()) {
      bytes += segment.bytes;
      continue;
    }
    const std::size_t before = bytes.size();
    bytes.resize(before + segment.length);
    TRY_DO(dicom::read_range(*source_, segment, 0, std::span(bytes).subspan(before)));
  }
  return bytes;
}

Result<std::optional<store::BulkValue>> StoredObject::bulk_value(std::string_view path) {
  if (!inflated_) return archive_->store().dicom().bulk_value(file_.key, path);
  const auto& values = inflated_->bulk_values;
  const auto found = std::ranges::find(values, path, &store::BulkValue::path);
  return found == values.end() ? std::nullopt : std::optional(*found);
}

}  // namespace lightbox::ingest
