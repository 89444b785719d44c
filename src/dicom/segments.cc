#include "dicom/segments.h"

#include <algorithm>

#include "dicom/encoding.h"
#include "dicom/frames.h"
#include "dicom/input.h"
#include "dicom/write.h"

namespace lightbox::dicom {
namespace {

constexpr std::string_view explicit_little_endian = "1.2.840.10008.1.2.1";
constexpr Tag source_ae_title = 0x00020016;

void append(std::string_view bytes, Segments& segments) {
  if (bytes.empty()) return;
  if (segments.empty() || segments.back().is_range()) segments.emplace_back();
  segments.back().bytes += bytes;
}

std::string first_of(const Part10& object, Tag tag, Tag meta_tag) {
  const std::string_view own = object.data_set().first(tag);
  return std::string(own.empty() ? object.meta().first(meta_tag) : own);
}

std::string file_meta_for(const Part10& object) {
  const std::string sop_class_uid =
      first_of(object, tags::SOPClassUID, tags::MediaStorageSOPClassUID);
  const std::string sop_instance_uid =
      first_of(object, tags::SOPInstanceUID, tags::MediaStorageSOPInstanceUID);
  return file_meta_of({.sop_class_uid = sop_class_uid,
                       .sop_instance_uid = sop_instance_uid,
                       .transfer_syntax = explicit_little_endian,
                       .source_ae_title = object.meta().first(source_ae_title)});
}

}  // namespace

std::uint64_t size_of(const Segments& segments) {
  std::uint64_t size = 0;
  for (const Segment& segment : segments) size += segment.size();
  return size;
}

Result<void> read_range(Source& source, const Segment& range, std::uint64_t from,
                        std::span<char> out) {
  TRY_DO(source.read(range.offset + from, out));
  const std::size_t unit = range.swapped_bytes;
  for (std::size_t i = 0; unit > 1 && i + unit <= out.size(); i += unit) {
    std::reverse(out.begin() + static_cast<std::ptrdiff_t>(i),
                 out.begin() + static_cast<std::ptrdiff_t>(i + unit));
  }
  return {};
}

Result<Segments> part_of(Source& source, const Segment& range, std::uint64_t from,
                         std::uint64_t length) {
  const std::uint64_t unit = range.swapped_bytes;
  if (unit == 1) return Segments{{.offset = range.offset + from, .length = length}};
  Segments parts;
  const std::uint64_t end = from + length;
  // Up to the first whole number, the whole numbers, and what is left of the last.
  const std::uint64_t first_whole = std::min((from + unit - 1) / unit * unit, end);
  const std::uint64_t whole_end = std::max(end / unit * unit, first_whole);
  const auto add_within = [&](std::uint64_t start, std::uint64_t stop) -> Result<void> {
    if (start == stop) return {};
    const std::uint64_t number = start / unit * unit;
    std::string bytes(std::min(unit, range.length - number), '\0');
    TRY_DO(read_range(source, range, number, bytes));
    parts.push_back({.bytes = bytes.substr(start - number, stop - start)});
    return {};
  };
  TRY_DO(add_within(from, first_whole));
  if (whole_end > first_whole) {
    parts.push_back({.offset = range.offset + first_whole,
                     .length = whole_end - first_whole,
                     .swapped_bytes = range.swapped_bytes});
  }
  TRY_DO(add_within(whole_end, end));
  return parts;
}

Result<Segments> to_explicit_little_endian(const Part10& object) {
  const std::string& transfer_syntax = object.transfer_syntax();
  if (is_deflated(transfer_syntax) || !is_native(transfer_syntax)) {
    return problem(ProblemKind::not_supported,
                   "An object of transfer syntax " + transfer_syntax + " has no native values");
  }
  const bool is_big_endian = encoding_of(transfer_syntax).order == ByteOrder::big_endian;
  Segments segments;
  append(file_meta_for(object), segments);
  const ByteSink sink = [&](std::string_view bytes) -> Result<void> {
    append(bytes, segments);
    return {};
  };
  const WriteOptions options{.outer_value = [&](std::string_view, const Element& element)
                                 -> Result<std::optional<OuterValue>> {
    if (!element.bulk) return std::optional<OuterValue>();
    Segment range{.offset = element.bulk->offset, .length = element.bulk->length};
    if (is_big_endian) range.swapped_bytes = static_cast<std::uint8_t>(unit_bytes(element.vr));
    return std::optional(OuterValue{.length = range.length,
                                    .is_encapsulated = false,
                                    .write = [&segments, range](const ByteSink&) -> Result<void> {
                                      if (range.length > 0) segments.push_back(range);
                                      return {};
                                    }});
  }};
  TRY_DO(write_explicit_little_endian(object.data_set(), options, sink));
  return segments;
}

Result<std::string> inflate_object(const Part10& object, Source& source, const Limits& limits) {
  std::string bytes = file_meta_for(object);
  const auto input = make_inflated_input(source, object.data_set_offset(), limits);
  input->start_walking();
  while (true) {
    TRY(const bool has_more, input->has(1));
    if (!has_more) return bytes;
    bytes.append(input->data(), input->available());
    input->advance(input->available());
  }
}

}  // namespace lightbox::dicom
