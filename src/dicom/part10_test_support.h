#pragma once

// Builds objects byte by byte, for tests.

#include <cstdint>
#include <string>
#include <string_view>
#include <zlib.h>

#include "dicom/encoding.h"
#include "dicom/part10.h"
#include "dicom/tag.h"

namespace lightbox::dicom::testing {

inline constexpr std::uint32_t undefined_length = 0xFFFFFFFF;

inline std::string number_16(std::uint32_t number, ByteOrder order = ByteOrder::little_endian) {
  const std::string bytes = {static_cast<char>(number), static_cast<char>(number >> 8U)};
  return order == ByteOrder::little_endian ? bytes : std::string(bytes.rbegin(), bytes.rend());
}

inline std::string number_32(std::uint32_t number, ByteOrder order = ByteOrder::little_endian) {
  const std::string low = number_16(number, order);
  const std::string high = number_16(number >> 16U, order);
  return order == ByteOrder::little_endian ? low + high : high + low;
}

inline std::string tag_bytes(Tag tag, ByteOrder order = ByteOrder::little_endian) {
  return number_16(tag >> 16U, order) + number_16(tag, order);
}

// An element in explicit VR, with a length that may lie.
inline std::string element(Tag tag, std::string_view vr, std::string_view value,
                           std::uint32_t length, ByteOrder order = ByteOrder::little_endian) {
  std::string bytes = tag_bytes(tag, order) + std::string(vr);
  const auto known = vr_of(vr);
  bytes += !known || has_long_length(*known) ? number_16(0) + number_32(length, order)
                                             : number_16(length, order);
  return bytes += value;
}
inline std::string element(Tag tag, std::string_view vr, std::string_view value,
                           ByteOrder order = ByteOrder::little_endian) {
  return element(tag, vr, value, static_cast<std::uint32_t>(value.size()), order);
}

// The same in implicit VR; also items and delimiters.
inline std::string implicit(Tag tag, std::string_view value, std::uint32_t length) {
  return tag_bytes(tag) + number_32(length) + std::string(value);
}
inline std::string implicit(Tag tag, std::string_view value) {
  return implicit(tag, value, static_cast<std::uint32_t>(value.size()));
}
inline std::string item(std::string_view content) { return implicit(tags::Item, content); }
inline std::string open_item(std::string_view content) {
  return implicit(tags::Item, content, undefined_length) + implicit(tags::ItemDelimitationItem, {});
}
inline std::string sequence_end() { return implicit(tags::SequenceDelimitationItem, {}); }

constexpr std::string_view explicit_little = "1.2.840.10008.1.2.1";
constexpr std::string_view implicit_little = "1.2.840.10008.1.2";
constexpr std::string_view explicit_big = "1.2.840.10008.1.2.2";
constexpr std::string_view deflated = "1.2.840.10008.1.2.1.99";
constexpr std::string_view jpeg = "1.2.840.10008.1.2.4.50";

// A Part 10 file.
inline std::string file(std::string_view data_set,
                        std::string_view transfer_syntax = explicit_little) {
  return file_meta_of({.sop_class_uid = "1.2.840.10008.5.1.4.1.1.2",
                       .sop_instance_uid = "1.2.3",
                       .transfer_syntax = transfer_syntax,
                       .source_ae_title = {}}) +
         std::string(data_set);
}

// RFC 1951, without zlib's header.
inline std::string deflate_raw(std::string_view text) {
  z_stream stream{};
  deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, -MAX_WBITS, 9, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

// All that a Problem says.
inline std::string text_of(const Problem& problem) { return problem.issues.front().diagnostics; }

}  // namespace lightbox::dicom::testing
