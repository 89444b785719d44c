#include <algorithm>
#include <array>

#include "dicom/implementation.h"
#include "dicom/part10.h"

namespace lightbox::dicom {
namespace {

void append_16(std::string& out, std::size_t number) {
  out += static_cast<char>(number & 0xFFU);
  out += static_cast<char>(number >> 8U & 0xFFU);
}

// An element of group 0002 in explicit VR little endian, padded to an even length.
void append_element(std::string& out, std::uint16_t number, std::string_view vr,
                    std::string_view value) {
  const char padding = vr == "UI" || vr == "OB" ? '\0' : ' ';
  append_16(out, 2);
  append_16(out, number);
  out += vr;
  if (vr == "OB") append_16(out, 0);
  append_16(out, value.size() + value.size() % 2);
  if (vr == "OB") append_16(out, 0);
  out += value;
  if (value.size() % 2 != 0) out += padding;
}

bool is_component(std::string_view text, UidRule rule) {
  if (text.empty() || !std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; })) {
    return false;
  }
  return rule == UidRule::lenient || text.size() == 1 || text[0] != '0';
}

}  // namespace

std::string file_meta_of(const FileMeta& meta) {
  std::string elements;
  append_element(elements, 0x0001, "OB", std::string_view("\0\1", 2));
  append_element(elements, 0x0002, "UI", meta.sop_class_uid);
  append_element(elements, 0x0003, "UI", meta.sop_instance_uid);
  append_element(elements, 0x0010, "UI", meta.transfer_syntax);
  append_element(elements, 0x0012, "UI", implementation_class_uid);
  append_element(elements, 0x0013, "SH", implementation_version_name());
  if (!meta.source_ae_title.empty()) append_element(elements, 0x0016, "AE", meta.source_ae_title);
  std::string file(128, '\0');
  file += "DICM";
  std::string length;
  append_16(length, elements.size() & 0xFFFFU);
  append_16(length, elements.size() >> 16U);
  append_element(file, 0x0000, "UL", length);
  file += elements;
  return file;
}

bool is_uid(std::string_view text, UidRule rule) {
  if (text.size() > 64) return false;
  while (true) {
    const std::size_t dot = std::min(text.find('.'), text.size());
    if (!is_component(text.substr(0, dot), rule)) return false;
    if (dot == text.size()) return true;
    text.remove_prefix(dot + 1);
  }
}

}  // namespace lightbox::dicom
