#include "dicom/data_set.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <limits>
#include <utility>

#include "dicom/character_set.h"

namespace lightbox::dicom {
namespace {

// Spaces at both ends mean nothing in these, and text ends with a space or NUL (PS3.5 6.2).
std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.back() == ' ' || text.back() == '\0')) text.remove_suffix(1);
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  return text;
}

template <typename Number>
std::optional<std::int64_t> number_of(std::string_view bytes) {
  if (bytes.size() < sizeof(Number)) return std::nullopt;
  Number number{};
  std::memcpy(&number, bytes.data(), sizeof(Number));
  if (std::cmp_greater(number, std::numeric_limits<std::int64_t>::max())) return std::nullopt;
  return static_cast<std::int64_t>(number);
}

std::optional<std::int64_t> integer_of(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

const Element* DataSet::find(Tag tag) const {
  const auto found = std::ranges::lower_bound(elements, tag, {}, &Element::tag);
  return found != elements.end() && found->tag == tag ? &*found : nullptr;
}

std::string_view DataSet::bytes(Tag tag) const {
  const Element* element = find(tag);
  if (element == nullptr) return {};
  return is_text(element->vr) ? trimmed(element->value) : element->value;
}

std::string_view DataSet::first(Tag tag) const {
  const Element* element = find(tag);
  if (element == nullptr) return {};
  return trimmed(element->value.substr(0, element->value.find('\\')));
}

std::vector<std::string> DataSet::texts(Tag tag) const {
  const Element* element = find(tag);
  if (element == nullptr || element->value.empty()) return {};
  return texts_of(*element, character_set);
}

std::string DataSet::text(Tag tag) const {
  std::vector<std::string> all = texts(tag);
  return all.empty() ? std::string{} : std::move(all.front());
}

std::optional<std::int64_t> DataSet::integer(Tag tag) const {
  const Element* element = find(tag);
  if (element == nullptr) return std::nullopt;
  switch (element->vr) {
    case Vr::IS:
      return integer_of(first(tag));
    case Vr::US:
      return number_of<std::uint16_t>(element->value);
    case Vr::SS:
      return number_of<std::int16_t>(element->value);
    case Vr::UL:
      return number_of<std::uint32_t>(element->value);
    case Vr::SL:
      return number_of<std::int32_t>(element->value);
    case Vr::UV:
      return number_of<std::uint64_t>(element->value);
    case Vr::SV:
      return number_of<std::int64_t>(element->value);
    default:
      return std::nullopt;
  }
}

const std::vector<DataSet>& DataSet::items(Tag tag) const {
  static const std::vector<DataSet> none;
  const Element* element = find(tag);
  return element == nullptr ? none : element->items;
}

std::vector<std::string> texts_of(const Element& element, std::string_view character_set) {
  const std::string text =
      to_utf8(element.value, has_character_set(element.vr) ? character_set : std::string_view{},
              element.vr);
  std::vector<std::string> values;
  if (!is_multi_valued_text(element.vr)) {
    // Leading spaces are part of a text of paragraphs; those at its end are not.
    const std::size_t end = text.find_last_not_of(std::string_view(" \0", 2));
    values.push_back(text.substr(0, end == std::string::npos ? 0 : end + 1));
    return values;
  }
  for (std::size_t start = 0; start <= text.size();) {
    const std::size_t end = std::min(text.find('\\', start), text.size());
    values.emplace_back(trimmed(std::string_view(text).substr(start, end - start)));
    start = end + 1;
  }
  return values;
}

}  // namespace lightbox::dicom
