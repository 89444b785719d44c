#include "dicom/reader.h"

#include <algorithm>
#include <fmt/format.h>

namespace lightbox::dicom {
namespace {

constexpr std::uint32_t undefined_length = 0xFFFFFFFF;
constexpr Tag data_set_trailing_padding = 0xFFFCFFFC;
constexpr Tag file_meta_group_length = 0x00020000;

bool is_capital(char c) { return c >= 'A' && c <= 'Z'; }
bool is_pixel_data(Tag tag) {
  return tag == tags::PixelData || tag == tags::FloatPixelData || tag == tags::DoubleFloatPixelData;
}

Problem wrong(std::uint64_t offset, Tag tag, std::string_view what) {
  return problem(ProblemKind::invalid, "structure",
                 fmt::format("byte {}, {}: {}", offset, display_of(tag), what));
}

Problem past_limit(std::uint64_t offset, std::string_view what) {
  return problem(ProblemKind::too_large, fmt::format("byte {}: {}", offset, what));
}

// Numbers of the file in big endian become little endian where they lie.
void swap_bytes(char* bytes, std::size_t count, std::size_t unit) {
  for (std::size_t i = 0; i + unit <= count; i += unit) std::reverse(bytes + i, bytes + i + unit);
}

Element element_of(Tag tag, Vr vr) {
  Element element;
  element.tag = tag;
  element.vr = vr;
  return element;
}

std::string_view without_padding(std::string_view text) {
  while (!text.empty() && (text.back() == ' ' || text.back() == '\0')) text.remove_suffix(1);
  return text;
}

}  // namespace

Problem Reader::truncated(const Header& header, std::uint64_t missing) const {
  return wrong(header.offset, header.tag,
               fmt::format("the object is truncated: {} of the {} bytes of this value are missing",
                           missing, header.length));
}

Problem Reader::too_long(const Header& header, const Scope& scope) const {
  const std::uint64_t left = scope.end - input_.offset();
  if (scope.end == object_end_) return truncated(header, header.length - left);
  return wrong(header.offset, header.tag,
               fmt::format("the length is {} bytes, but its item or sequence ends after {}",
                           header.length, left));
}

Result<DataSet> Reader::read_meta() {
  const Scope scope{.encoding = {}, .end = input_.offset() + input_.left().value_or(0)};
  object_end_ = scope.end;
  DataSet meta;
  std::uint64_t declared_end = 0;
  bool is_deflated_next = false;
  while (true) {
    TRY(const bool has_header, input_.has(8));
    if (!has_header || group_of(read_tag(input_.data(), ByteOrder::little_endian)) != 2) break;
    // Deflated bytes may look like one more element.
    if (is_deflated_next && input_.offset() == declared_end) break;
    TRY(const Header header, read_header(scope));
    TRY_DO(count_element(header.offset));
    Element element = element_of(header.tag, header.vr);
    if (input_.offset() > scope.end) return too_long(header, scope);
    TRY_DO(read_value(element, header, scope, meta));
    if (header.tag == file_meta_group_length) {
      if (element.value.size() == 4) {
        declared_end = input_.offset() + read_32(element.value.data(), ByteOrder::little_endian);
      }
      continue;
    }
    if (header.tag == tags::TransferSyntaxUID) is_deflated_next = is_deflated(element.value);
    meta.elements.push_back(std::move(element));
  }
  if (declared_end != input_.offset() && !meta.elements.empty()) {
    remarks_.add(declared_end == 0 ? "(0002,0000) File Meta Information Group Length is missing"
                                   : "(0002,0000) File Meta Information Group Length is wrong");
  }
  sort(meta);
  return meta;
}

Result<DataSet> Reader::read_data_set(Encoding declared) {
  Scope scope{.encoding = declared};
  if (const auto left = input_.left()) {
    object_end_ = scope.end = input_.offset() + *left;
  } else {
    stops_at_pixel_data_ = true;
  }
  TRY(const bool has_element, input_.has(8));
  if (!has_element) {
    return problem(ProblemKind::invalid, "structure",
                   fmt::format("byte {}: no data set follows: an element of 8 bytes at least was "
                               "expected",
                               input_.offset()));
  }
  scope.encoding = shown_encoding({input_.data(), 8}, declared, scope.end - input_.offset() - 8);
  if (scope.encoding != declared) {
    remarks_.add(fmt::format("the data set is {}, though its transfer syntax says {}",
                             name_of(scope.encoding), name_of(declared)));
  }
  DataSet data_set;
  data_set.elements.reserve(128);
  TRY_DO(read_elements(data_set, scope));
  return data_set;
}

Result<void> Reader::read_elements(DataSet& data_set, Scope scope) {
  bool is_sorted = true;
  Tag last = 0;
  while (true) {
    TRY(const Next what, next(scope));
    if (what == Next::end) break;
    TRY(const Header header, read_header(scope));
    TRY_DO(count_element(header.offset));
    Element element = element_of(header.tag, header.vr);
    if (input_.offset() <= scope.end) TRY_DO(read_value(element, header, scope, data_set));
    if (input_.offset() > scope.end) {
      return wrong(header.offset, header.tag, "the element ends after the item that it stands in");
    }
    if (header.tag % 0x10000 == 0) continue;  // group lengths (PS3.5 7.2)
    is_sorted = is_sorted && (header.tag > last || data_set.elements.empty());
    last = header.tag;
    if (header.tag == tags::SpecificCharacterSet) data_set.character_set = element.value;
    if (header.tag == tags::PixelRepresentation) {
      scope.is_signed = !element.value.empty() && element.value[0] == 1;
    }
    data_set.elements.push_back(std::move(element));
    if (is_stopped_) break;
  }
  if (!is_sorted) sort(data_set);
  return {};
}

// Readers demand ascending tags, each once (PS3.5 7.1).
void Reader::sort(DataSet& data_set) {
  auto& elements = data_set.elements;
  if (!std::ranges::is_sorted(elements, {}, &Element::tag)) {
    remarks_.add("the elements are not in ascending order of their tags");
    std::ranges::stable_sort(elements, {}, &Element::tag);
  }
  const auto same = std::ranges::adjacent_find(elements, {}, &Element::tag);
  if (same == elements.end()) return;
  remarks_.add(
      fmt::format("{} is there more than once: the first was taken", display_of(same->tag)));
  const auto rest = std::ranges::unique(elements, {}, &Element::tag);
  elements.erase(rest.begin(), rest.end());
}

Result<void> Reader::count_element(std::uint64_t offset) {
  if (++element_count_ <= limits_.dicom_elements_max) return {};
  return past_limit(offset, fmt::format("the object has more than {} elements (dicom_elements_max)",
                                        limits_.dicom_elements_max));
}

Result<Reader::Next> Reader::next(const Scope& scope) {
  while (true) {
    if (input_.offset() == scope.end && !scope.is_delimited) return Next::end;
    if (scope.depth == 0) return next_of_object(scope);
    TRY(const bool has_header, input_.has(8));
    if (!has_header || scope.end - input_.offset() < 8) {
      return wrong(input_.offset(), tags::Item,
                   scope.end == object_end_ || !has_header
                       ? "the object is truncated within this item: at least 8 bytes are missing"
                       : "the item ends within an element: its length is wrong");
    }
    const Tag tag = read_tag(input_.data(), scope.encoding.order);
    if (tag != tags::ItemDelimitationItem) return Next::element;
    input_.advance(8);
    if (scope.is_delimited) return Next::end;
    remarks_.add("an item of defined length has an item delimitation item");
  }
}

// The data set itself ends with the object, or with padding.
Result<Reader::Next> Reader::next_of_object(const Scope& scope) {
  const std::uint64_t offset = input_.offset();
  TRY(const bool has_header, input_.has(8));
  if (!has_header) {
    const std::string_view rest(input_.data(), input_.available());
    if (rest.find_first_not_of('\0') == std::string_view::npos) {
      if (!rest.empty()) {
        remarks_.add(fmt::format("{} bytes of zeros follow the data set", rest.size()));
      }
      return Next::end;
    }
    return problem(ProblemKind::invalid, "structure",
                   fmt::format("byte {}: the object is truncated: {} bytes are no element, which "
                               "has 8 at least",
                               offset, rest.size()));
  }
  const Tag tag = read_tag(input_.data(), scope.encoding.order);
  if (tag == data_set_trailing_padding) return Next::end;
  if (tag == 0 && element_count_ > 0) return read_zeros(offset);
  return Next::element;
}

Result<Reader::Next> Reader::read_zeros(std::uint64_t offset) {
  input_.start_walking();
  while (true) {
    TRY(const bool has_more, input_.has(1));
    if (!has_more) break;
    const std::string_view window(input_.data(), input_.available());
    const std::size_t other = window.find_first_not_of('\0');
    if (other != std::string_view::npos) {
      return wrong(offset, 0, "zeros, and then something else, follow the data set");
    }
    input_.advance(window.size());
  }
  input_.stop_walking();
  remarks_.add(fmt::format("{} bytes of zeros follow the data set", input_.offset() - offset));
  return Next::end;
}

// PS3.5 7.1.2 and 7.1.3. That eight bytes are there has been seen.
Result<Reader::Header> Reader::read_header(const Scope& scope) {
  const char* bytes = input_.data();
  const ByteOrder order = scope.encoding.order;
  Header header{.tag = read_tag(bytes, order), .offset = input_.offset()};
  if (group_of(header.tag) == 0xFFFE) {
    return wrong(header.offset, header.tag, "an element was expected here, not a delimiter");
  }
  if (scope.encoding.form == VrForm::implicit_vr) {
    header.vr = implied_vr(header.tag, scope.is_signed);
    header.length = read_32(bytes + 4, order);
    input_.advance(8);
  } else if (const auto vr = vr_of({bytes + 4, 2}); !vr) {
    return read_unnamed_vr(scope, header);
  } else if (header.vr = *vr; has_long_length(*vr)) {
    TRY(const bool has_length, input_.has(12));
    if (!has_length) return wrong(header.offset, header.tag, "the object is truncated here");
    header.length = read_32(input_.data() + 8, order);
    input_.advance(12);
  } else {
    header.length = read_16(bytes + 6, order);
    input_.advance(8);
  }
  return header;
}

// Letters that are no VR: two capital ones are a VR of the future, which has a long length (PS3.5
// 6.2.2, 7.1.2); anything else is an element in implicit VR, when its length can be one.
Result<Reader::Header> Reader::read_unnamed_vr(const Scope& scope, Header header) {
  const char* bytes = input_.data();
  const std::uint32_t implicit_length = read_32(bytes + 4, scope.encoding.order);
  if (is_capital(bytes[4]) && is_capital(bytes[5])) {
    remarks_.add(fmt::format("{} has the unknown VR \"{}\"", display_of(header.tag),
                             std::string_view(bytes + 4, 2)));
    TRY(const bool has_length, input_.has(12));
    if (!has_length) return wrong(header.offset, header.tag, "the object is truncated here");
    header.length = read_32(input_.data() + 8, scope.encoding.order);
    input_.advance(12);
    return header;
  }
  if (implicit_length != undefined_length && implicit_length > scope.end - header.offset - 8) {
    return wrong(
        header.offset, header.tag,
        fmt::format("the VR is the bytes {:02X} {:02X}; two capital letters, such as "
                    "\"LO\", were expected",
                    static_cast<unsigned char>(bytes[4]), static_cast<unsigned char>(bytes[5])));
  }
  remarks_.add(fmt::format("{} has no VR", display_of(header.tag)));
  header.vr = implied_vr(header.tag, scope.is_signed);
  header.length = implicit_length;
  input_.advance(8);
  return header;
}

bool Reader::is_bulk(Tag tag, Vr vr, std::uint32_t length, const Scope& scope) const {
  if (is_pixel_data(tag) && scope.depth == 0) return true;
  if (is_text(vr)) return length > limits_.dicom_text_bytes_max;
  return length > limits_.dicom_inline_bytes_max;
}

Result<void> Reader::read_value(Element& element, const Header& header, const Scope& scope,
                                const DataSet& around) {
  if (header.length == undefined_length) {
    const bool is_bytes = unit_bytes(header.vr) > 1 || header.vr == Vr::OB;
    if (is_pixel_data(header.tag) || (is_bytes && has_long_length(header.vr))) {
      return read_fragments(element, header);
    }
    if (header.vr == Vr::SQ || header.vr == Vr::UN || !is_text(header.vr) ||
        scope.encoding.form == VrForm::implicit_vr) {
      return read_sequence(element, header, scope, around);
    }
    return wrong(header.offset, header.tag,
                 fmt::format("the VR {} has an undefined length; only sequences and encapsulated "
                             "pixel data may have one",
                             name_of(header.vr)));
  }
  if (header.length > scope.end - input_.offset()) return too_long(header, scope);
  if (header.length % 2 != 0) {
    remarks_.add(fmt::format("{} has an odd length", display_of(header.tag)));
  }
  if (header.vr == Vr::UN) {
    TRY(element.vr, vr_of_unknown(header, scope));
  }
  if (element.vr == Vr::SQ) return read_sequence(element, header, scope, around);
  if (is_bulk(header.tag, element.vr, header.length, scope)) return read_bulk(element, header);
  return read_kept(element, header, scope);
}

// UN of a tag that the dictionary knows has the dictionary's VR, in implicit VR little endian
// (PS3.5 6.2.2, note 2).
Result<Vr> Reader::vr_of_unknown(const Header& header, const Scope& scope) {
  const Vr vr = implied_vr(header.tag, scope.is_signed);
  if (vr == Vr::UN || header.length % unit_bytes(vr) != 0) return Vr::UN;
  if (vr != Vr::SQ || header.length == 0) return vr;
  TRY(const bool has_tag, input_.has(8));
  const bool is_item = has_tag && read_tag(input_.data(), ByteOrder::little_endian) == tags::Item;
  return is_item ? Vr::SQ : Vr::UN;
}

Result<void> Reader::read_kept(Element& element, const Header& header, const Scope& scope) {
  TRY(const bool has_value, input_.has(header.length));
  if (!has_value) return truncated(header, header.length - input_.available());
  const std::size_t unit = unit_bytes(element.vr);
  if (scope.encoding.order == ByteOrder::big_endian && header.vr != Vr::UN && unit > 1) {
    swap_bytes(input_.data(), header.length, unit);
  }
  element.value = input_.keep(header.length);
  if (is_text(element.vr)) element.value = without_padding(element.value);
  return {};
}

Result<void> Reader::read_bulk(Element& element, const Header& header) {
  element.bulk = BulkData{.offset = input_.offset(), .length = header.length, .fragments = {}};
  if (stops_at_pixel_data_ && is_pixel_data(header.tag)) {
    is_stopped_ = true;
    return {};
  }
  TRY(const std::uint64_t missing, input_.skip(header.length));
  if (missing > 0) return truncated(header, missing);
  return {};
}

// PS3.5 A.4: items of fragments, the first the Basic Offset Table.
Result<void> Reader::read_fragments(Element& element, const Header& header) {
  BulkData bulk{.offset = input_.offset(), .length = 0, .fragments = {}};
  input_.start_walking();
  while (true) {
    TRY(const bool has_item, input_.has(8));
    if (!has_item) {
      return wrong(header.offset, header.tag,
                   "the object is truncated: at least 8 bytes, the sequence delimitation item, are "
                   "missing at the end of this value");
    }
    const Header item{.tag = read_tag(input_.data(), ByteOrder::little_endian),
                      .length = read_32(input_.data() + 4, ByteOrder::little_endian),
                      .offset = input_.offset()};
    input_.advance(8);
    if (item.tag == tags::SequenceDelimitationItem) break;
    if (item.tag != tags::Item || item.length == undefined_length) {
      return wrong(item.offset, item.tag,
                   fmt::format("{} holds fragments: an item (FFFE,E000) of defined length was "
                               "expected here",
                               display_of(header.tag)));
    }
    TRY_DO(count_element(item.offset));
    bulk.fragments.push_back({.offset = input_.offset(), .length = item.length});
    TRY(const std::uint64_t missing, input_.skip(item.length));
    if (missing > 0) return truncated({header.tag, header.vr, item.length, item.offset}, missing);
  }
  input_.stop_walking();
  bulk.length = input_.offset() - bulk.offset;
  element.bulk = std::move(bulk);
  return {};
}

}  // namespace lightbox::dicom
