#pragma once

// An object as it is to be sent, without being held in memory: bytes that were made, and ranges of
// the source that it comes from.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "dicom/encoding.h"
#include "dicom/part10.h"

namespace lightbox::dicom {

struct Segment {
  std::string bytes = {};
  // Without `bytes`: so much of the source. `swapped_bytes`: of each number, which is big endian
  // there and little endian here; 1: they are what they are.
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  std::uint8_t swapped_bytes = 1;

  [[nodiscard]] bool is_range() const { return bytes.empty(); }
  [[nodiscard]] std::uint64_t size() const { return is_range() ? length : bytes.size(); }
};
using Segments = std::vector<Segment>;

[[nodiscard]] std::uint64_t size_of(const Segments& segments);

// Some of a range, little endian: `out` is as long as is wanted, a multiple of swapped_bytes but at
// the end. Fails as Source::read.
Result<void> read_range(Source& source, const Segment& range, std::uint64_t from,
                        std::span<char> out);

// A part of what a range gives. Of swapped numbers those at its ends are read at once.
Result<Segments> part_of(Source& source, const Segment& range, std::uint64_t from,
                         std::uint64_t length);

// A native object, of any encoding, as a Part 10 object in explicit VR little endian. `invalid`
// when a value cannot be written so; `not_supported` for an object that is deflated or
// encapsulated.
Result<Segments> to_explicit_little_endian(const Part10& object);

// Its data set alone, in little endian and either form of VR; fails likewise.
Result<Segments> native_data_set(const Part10& object, VrForm form);

// A Part 10 object in explicit VR little endian whose pixel data is another one: what is before its
// value, and after it. The data set has no pixel data then; its photometric interpretation is
// another, too.
struct NewPixelData {
  std::string_view transfer_syntax;
  std::string photometric_interpretation;
  // Of a native value; nullopt: it is encapsulated, and its items and the delimitation item are
  // written by the caller.
  std::optional<std::uint64_t> length;
  Vr vr = Vr::OW;
  bool is_lossy = false;
  std::string lossy_ratio;  // of a lossy one
};
struct AroundPixelData {
  Segments before;
  Segments after;
};
Result<AroundPixelData> around_pixel_data(const Part10& object, const NewPixelData& pixel_data);

// A deflated object as the same, whole in memory. `too_large` past dicom_inflated_bytes_max.
Result<std::string> inflate_object(const Part10& object, Source& source, const Limits& limits);

}  // namespace lightbox::dicom
