#include "ingest/mapping_attribute.h"

#include <algorithm>
#include <fmt/format.h>

#include "dicom/dictionary.h"
#include "ingest/mapping_values.h"

namespace lightbox::ingest {
namespace {

constexpr std::size_t text_bytes_max = 400;
constexpr int depth_max = 8;

void append_value(const dicom::DataSet& data, const dicom::Element& element, int depth,
                  std::string& out);

void append_items(const dicom::Element& element, int depth, std::string& out) {
  for (const dicom::DataSet& item : element.items) {
    if (out.size() > text_bytes_max || depth > depth_max) return;
    if (!out.empty() && out.back() == ')') out += ", ";
    out.push_back('(');
    const std::size_t begin = out.size();
    for (const dicom::Element& inner : item.elements) {
      if (out.size() > begin) out += ", ";
      append_value(item, inner, depth + 1, out);
    }
    out.push_back(')');
  }
}

void append_value(const dicom::DataSet& data, const dicom::Element& element, int depth,
                  std::string& out) {
  if (element.vr == dicom::Vr::SQ) return append_items(element, depth, out);
  const auto number = data.integer(element.tag);
  if (!dicom::is_text(element.vr)) {
    if (number) out += std::to_string(*number);
    return;
  }
  bool is_first = true;
  for (const std::string& text : data.texts(element.tag)) {
    if (!is_first) out.push_back('\\');
    is_first = false;
    out += text;
  }
}

// At a character's beginning.
void shorten(std::string& text) {
  if (text.size() <= text_bytes_max) return;
  std::size_t end = text_bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  text.resize(end);
  text += "…";
}

// Without what says nothing at the end.
std::string_view significant(const dicom::Element& element) {
  std::string_view text = element.value;
  if (dicom::is_text(element.vr)) text = trimmed(text);
  if (element.vr == dicom::Vr::PN) {
    while (!text.empty() && (text.back() == '^' || text.back() == '=' || text.back() == ' '))
      text.remove_suffix(1);
  }
  return text;
}

bool same(const dicom::Element& left, const dicom::Element& right) {
  return left.tag == right.tag && significant(left) == significant(right) &&
         std::ranges::equal(left.items, right.items, [](const auto& a, const auto& b) {
           return std::ranges::equal(a.elements, b.elements, same);
         });
}

}  // namespace

std::string name_of_attribute(dicom::Tag tag) {
  const auto known = dicom::find_tag(tag);
  std::string name = fmt::format("({:04X},{:04X})", dicom::group_of(tag), tag & 0xFFFFU);
  if (known) name.append(" ").append(known->keyword);
  return name;
}

std::string value_text(const dicom::DataSet& data, dicom::Tag tag) {
  const dicom::Element* element = data.find(tag);
  if (element == nullptr) return {};
  std::string text;
  append_value(data, *element, 0, text);
  shorten(text);
  return text;
}

bool has_value(const dicom::DataSet& data, dicom::Tag tag) {
  const dicom::Element* element = data.find(tag);
  return element != nullptr && (!element->items.empty() || !significant(*element).empty());
}

bool same_value(const dicom::DataSet& left, const dicom::DataSet& right, dicom::Tag tag) {
  const dicom::Element* one = left.find(tag);
  const dicom::Element* other = right.find(tag);
  if (one == nullptr || other == nullptr) return one == other;
  return same(*one, *other);
}

}  // namespace lightbox::ingest
