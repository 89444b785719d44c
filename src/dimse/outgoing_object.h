#pragma once

// The data set of an instance of the archive, as it goes out by C-STORE: without preamble and file
// meta information, in the form that was agreed on. It is read piece by piece, from the file or,
// when the pixel data had to be decoded, from a spool. Belongs to one thread at a time.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "dicom/segments.h"
#include "dimse/retrieve_plan.h"
#include "ingest/archive.h"
#include "ingest/stored_object.h"

namespace lightbox::dimse {

class OutgoingObject {
 public:
  // `goes_on` is asked now and then while pixel data is decoded. `not_found` when it has gone
  // meanwhile, `unavailable`; what ingest::InstanceTranscoder and dicom::native_data_set fail with.
  static Result<OutgoingObject> open(ingest::Archive& archive, std::int64_t key, SentForm form,
                                     const std::function<bool()>& goes_on);

  [[nodiscard]] std::uint64_t left() const { return left_; }
  // Whether a read has failed.
  [[nodiscard]] bool is_damaged() const { return is_damaged_; }
  // The next bytes, `count_max` at most, in place of what is in `out`. Fails as Source::read.
  Result<void> read(std::size_t count_max, std::string& out);

 private:
  explicit OutgoingObject(ingest::InstanceSegments object);

  ingest::InstanceSegments object_;
  std::size_t segment_ = 0;
  std::uint64_t at_ = 0;  // in the segment
  std::uint64_t left_ = 0;
  bool is_damaged_ = false;
};

}  // namespace lightbox::dimse
