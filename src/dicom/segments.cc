#include "dicom/segments.h"

#include <algorithm>

#include "dicom/encoding.h"
#include "dicom/frames.h"
#include "dicom/input.h"
#include "dicom/write.h"

namespace lightbox::dicom {
namespace {

constexpr Tag source_ae_title = 0x00020016;
constexpr Tag photometric_interpretation = 0x00280004;
constexpr Tag planar_configuration = 0x00280006;
constexpr Tag lossy_compression = 0x00282110;
constexpr Tag lossy_ratio = 0x00282112;
constexpr Tag lossy_method = 0x00282114;
constexpr Tag offset_table = 0x7FE00001;
constexpr Tag offset_table_lengths = 0x7FE00002;

void append(std::string_view bytes, Segments& segments) {
  if (bytes.empty()) return;
  if (segments.empty() || segments.back().is_range()) segments.emplace_back();
  segments.back().bytes += bytes;
}

std::string first_of(const Part10& object, Tag tag, Tag meta_tag) {
  const std::string_view own = object.data_set().first(tag);
  return std::string(own.empty() ? object.meta().first(meta_tag) : own);
}

std::string file_meta_for(const Part10& object, std::string_view transfer_syntax) {
  const std::string sop_class_uid =
      first_of(object, tags::SOPClassUID, tags::MediaStorageSOPClassUID);
  const std::string sop_instance_uid =
      first_of(object, tags::SOPInstanceUID, tags::MediaStorageSOPInstanceUID);
  return file_meta_of({.sop_class_uid = sop_class_uid,
                       .sop_instance_uid = sop_instance_uid,
                       .transfer_syntax = transfer_syntax,
                       .source_ae_title = object.meta().first(source_ae_title)});
}

// Values that are bulk data stay where they are.
Result<void> append_elements(const Part10& object, const DataSet& data_set, Segments& segments,
                             VrForm form = VrForm::explicit_vr) {
  const bool is_big_endian = encoding_of(object.transfer_syntax()).order == ByteOrder::big_endian;
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
  return write_little_endian(data_set, form, options, sink);
}

void append_32(std::uint32_t number, std::string& out) {
  for (unsigned shift = 0; shift < 32; shift += 8) out += static_cast<char>(number >> shift);
}

// PS3.5 7.1.2.
std::string pixel_data_header(const NewPixelData& pixel_data) {
  std::string header("\xE0\x7F\x10\x00", 4);
  header += pixel_data.length ? name_of(pixel_data.vr) : "OB";
  header.append(2, '\0');
  append_32(pixel_data.length ? static_cast<std::uint32_t>(*pixel_data.length) : 0xFFFFFFFF,
            header);
  return header;
}

void add(Tag tag, Vr vr, std::string_view value, DataSet& data_set) {
  Element element;
  element.tag = tag;
  element.vr = vr;
  element.value = value;
  auto& elements = data_set.elements;
  const auto at = std::ranges::lower_bound(elements, tag, {}, &Element::tag);
  elements.insert(at, std::move(element));
}

bool is_lossy_attribute(Tag tag) {
  return tag == lossy_compression || tag == lossy_ratio || tag == lossy_method;
}

Result<void> check_native(const Part10& object) {
  const std::string& transfer_syntax = object.transfer_syntax();
  if (!is_deflated(transfer_syntax) && is_native(transfer_syntax)) return {};
  return problem(ProblemKind::not_supported,
                 "An object of transfer syntax " + transfer_syntax + " has no native values");
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
  TRY_DO(check_native(object));
  Segments segments;
  append(file_meta_for(object, explicit_little_endian), segments);
  TRY_DO(append_elements(object, object.data_set(), segments));
  return segments;
}

Result<Segments> native_data_set(const Part10& object, VrForm form) {
  TRY_DO(check_native(object));
  Segments segments;
  TRY_DO(append_elements(object, object.data_set(), segments, form));
  return segments;
}

Result<AroundPixelData> around_pixel_data(const Part10& object, const NewPixelData& pixel_data) {
  DataSet before;
  DataSet after;
  before.character_set = after.character_set = object.data_set().character_set;
  const std::string method = std::string(object.data_set().bytes(lossy_method)) +
                             (object.data_set().bytes(lossy_method).empty() ? "" : "\\") +
                             "ISO_10918_1";
  const std::string ratio = std::string(object.data_set().bytes(lossy_ratio)) +
                            (object.data_set().bytes(lossy_ratio).empty() ? "" : "\\") +
                            pixel_data.lossy_ratio;
  const std::string planar(2, '\0');
  for (const Element& element : object.data_set().elements) {
    const bool is_replaced = element.tag == tags::PixelData || element.tag == offset_table ||
                             element.tag == offset_table_lengths ||
                             (pixel_data.is_lossy && is_lossy_attribute(element.tag));
    if (is_replaced) continue;
    (element.tag < tags::PixelData ? before : after).elements.push_back(element);
    Element& copy = element.tag < tags::PixelData ? before.elements.back() : after.elements.back();
    if (element.tag == photometric_interpretation) {
      copy.value = pixel_data.photometric_interpretation;
    } else if (element.tag == planar_configuration) {
      copy.value = planar;
    }
  }
  if (pixel_data.is_lossy) {
    add(lossy_compression, Vr::CS, "01", before);
    add(lossy_ratio, Vr::DS, ratio, before);
    add(lossy_method, Vr::CS, method, before);
  }
  AroundPixelData around;
  append(file_meta_for(object, pixel_data.transfer_syntax), around.before);
  TRY_DO(append_elements(object, before, around.before));
  append(pixel_data_header(pixel_data), around.before);
  TRY_DO(append_elements(object, after, around.after));
  return around;
}

Result<std::string> inflate_object(const Part10& object, Source& source, const Limits& limits) {
  std::string bytes = file_meta_for(object, explicit_little_endian);
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
