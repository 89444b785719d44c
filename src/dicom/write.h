#pragma once

// Writes a data set as explicit VR little endian (PS3.5 A.2) or implicit (A.1), piece by piece, so
// that bulk data need not be in memory. With encapsulated pixel data the explicit one is the data
// set of a compressed transfer syntax (PS3.5 A.4). Pure but for the sink.

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "dicom/data_set.h"
#include "dicom/encoding.h"

namespace lightbox::dicom {

// Takes the next bytes; a problem ends the writing and is handed on.
using ByteSink = std::function<Result<void>(std::string_view bytes)>;

// The value of an element that the data set does not hold itself.
struct OuterValue {
  std::uint64_t length = 0;
  // As the one fragment of encapsulated pixel data (PS3.5 A.4), with an empty Basic Offset Table.
  bool is_encapsulated = false;
  std::function<Result<void>(const ByteSink&)> write;  // exactly `length` bytes
};

struct WriteOptions {
  // Asked for every element that is no sequence; nullopt: its own value. The path is as in json.h:
  // "7FE00010", "54000100/1/54001010". nullptr: all have their own.
  std::function<Result<std::optional<OuterValue>>(std::string_view path, const Element&)>
      outer_value = nullptr;
};

// Group lengths and the groups 0000 and 0002 are left out. Sequences and items have undefined
// lengths. (0008,0005) is written as the data set's character_set says, which its texts are in.
// A value of an explicit length of 16 bits that is longer is written as UN (PS3.5 6.2.2). `invalid`
// for a value past 4 GiB, and for one whose length is no multiple of its VR's unit.
Result<void> write_explicit_little_endian(const DataSet& data_set, const WriteOptions& options,
                                          const ByteSink& sink);
// The same in either form; implicit lengths are of 32 bits. Pixel data must not be encapsulated in
// the implicit one.
Result<void> write_little_endian(const DataSet& data_set, VrForm form, const WriteOptions& options,
                                 const ByteSink& sink);

}  // namespace lightbox::dicom
