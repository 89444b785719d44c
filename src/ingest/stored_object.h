#pragma once

// An instance of the archive that is to be read: its file, and where its values lie in it. Used by
// one thread at a time; the archive must outlive it.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "dicom/part10.h"
#include "dicom/segments.h"
#include "ingest/archive.h"
#include "store/dicom_index.h"

namespace lightbox::ingest {

class StoredObject {
 public:
  // not_found. The file is not opened yet.
  static Result<StoredObject> find(Archive& archive, const store::DicomSelection& instance);
  // By its row; nullopt: it has gone meanwhile.
  static Result<std::optional<StoredObject>> find(Archive& archive, std::int64_t key);

  // Opens the file, to be called before anything is read. A deflated object is inflated in memory,
  // which takes its time: `is_slow`. `unavailable`, also when only another archive has it;
  // `too_large` past dicom_inflated_bytes_max.
  Result<void> open();
  // For its bytes as they are stored, deflated or not.
  Result<void> open_as_it_is();
  [[nodiscard]] bool is_slow() const;

  [[nodiscard]] const store::StoredFile& file() const { return file_; }
  // Of what is read here: of an object that was inflated, explicit little endian.
  [[nodiscard]] const std::string& transfer_syntax() const { return transfer_syntax_; }
  [[nodiscard]] dicom::Source& source() { return *source_; }
  [[nodiscard]] std::unique_ptr<dicom::Source> take_source() { return std::move(source_); }

  // nullopt: it has none.
  [[nodiscard]] const std::optional<store::PixelData>& pixel_data() const { return pixel_data_; }
  // The transfer syntax of frames: native ones of whatever kind are explicit little endian.
  [[nodiscard]] std::string_view frame_transfer_syntax() const;
  // Where a frame lies, counted from 0, which must be there. `internal`: the index is damaged.
  Result<void> add_frame(std::uint32_t frame, dicom::Segments& segments);
  // The bytes of a frame, its fragments joined. As add_frame, and as Source::read.
  Result<std::string> frame_bytes(std::uint32_t frame);
  // Of an element that is no pixel data; nullopt: there is none.
  Result<std::optional<store::BulkValue>> bulk_value(std::string_view path);

 private:
  StoredObject(Archive& archive, store::StoredFile file);
  Result<void> inflate();
  Result<void> add_native(std::uint32_t frame, dicom::Segments& segments);
  Result<const std::string*> page_of(std::uint32_t frame);

  Archive* archive_;
  store::StoredFile file_;
  std::string transfer_syntax_;
  std::optional<store::PixelData> pixel_data_;
  std::unique_ptr<dicom::Source> source_;
  std::string page_;  // of the index: the one that was needed last
  std::uint32_t page_number_ = 0;
  // Of what was inflated: what the index has of others.
  std::unique_ptr<store::DicomInstance> inflated_;
};

// One instance as a Part 10 object in the transfer syntax in which it is to go out.
struct InstanceSegments {
  std::unique_ptr<dicom::Source> source;
  dicom::Segments segments;
};

}  // namespace lightbox::ingest
