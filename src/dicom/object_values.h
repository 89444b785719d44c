#pragma once

// Values of an object wherever they lie: in its data set, or as bulk data in its source. Used by
// one thread.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "dicom/data_set.h"
#include "dicom/part10.h"

namespace lightbox::dicom {

class ObjectValues {
 public:
  // Both must outlive it. Not of a deflated object with bulk data.
  ObjectValues(const Part10& object, Source& source) : object_(object), source_(source) {}

  [[nodiscard]] const DataSet& data_set() const { return object_.data_set(); }
  // Little endian. `too_large` past 64 MiB.
  Result<std::string> bytes_of(const Element& element);

 private:
  const Part10& object_;
  Source& source_;
};

// A number as an integer; 0 for what is none, and no larger than any that an attribute may have.
[[nodiscard]] std::int64_t whole_of(double number);
// Numbers of a text or binary element of any numeric VR; those that are none are left out.
[[nodiscard]] std::vector<double> numbers_of(const DataSet& data_set, Tag tag);
[[nodiscard]] std::optional<double> number_of(const DataSet& data_set, Tag tag);

}  // namespace lightbox::dicom
