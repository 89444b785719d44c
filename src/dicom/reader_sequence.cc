// Sequences and their items (PS3.5 7.5).

#include <fmt/format.h>

#include "dicom/reader.h"

namespace lightbox::dicom {
namespace {

constexpr std::uint32_t undefined_length = 0xFFFFFFFF;

Problem wrong(std::uint64_t offset, Tag tag, std::string_view what) {
  return problem(ProblemKind::invalid, "structure",
                 fmt::format("byte {}, {}: {}", offset, display_of(tag), what));
}

}  // namespace

Result<void> Reader::read_sequence(Element& element, const Header& header, const Scope& scope,
                                   const DataSet& around) {
  if (scope.depth >= limits_.dicom_depth_max) {
    return problem(
        ProblemKind::too_large,
        fmt::format("byte {}, {}: sequences are nested more than {} levels deep (dicom_depth_max)",
                    header.offset, display_of(header.tag), limits_.dicom_depth_max));
  }
  Scope inner = scope;
  ++inner.depth;
  // UN is a sequence in implicit VR little endian, whatever is around it (PS3.5 6.2.2).
  if (header.vr == Vr::UN) inner.encoding = {.form = VrForm::implicit_vr};
  element.vr = Vr::SQ;
  const bool is_delimited = header.length == undefined_length;
  if (!is_delimited) inner.end = input_.offset() + header.length;
  while (is_delimited || input_.offset() < inner.end) {
    TRY(const bool has_item, input_.has(8));
    if (!has_item || inner.end - input_.offset() < 8) {
      return wrong(
          header.offset, header.tag,
          !has_item || inner.end == object_end_
              ? "the object is truncated within this sequence: at least 8 bytes are missing"
              : "the sequence ends within an item: its length is wrong");
    }
    const std::uint64_t offset = input_.offset();
    const Tag tag = read_tag(input_.data(), inner.encoding.order);
    const std::uint32_t length = read_32(input_.data() + 4, inner.encoding.order);
    if (tag == tags::SequenceDelimitationItem) {
      input_.advance(8);
      if (is_delimited) break;
      remarks_.add("a sequence of defined length has a sequence delimitation item");
      continue;
    }
    if (tag != tags::Item) {
      return wrong(offset, tag,
                   fmt::format("{} is a sequence: an item (FFFE,E000) was expected here",
                               display_of(header.tag)));
    }
    input_.advance(8);
    TRY_DO(count_element(offset));
    if (length != undefined_length && length > inner.end - input_.offset()) {
      return too_long({.tag = tag, .length = length, .offset = offset}, inner);
    }
    TRY_DO(read_item(element, length, inner, around));
  }
  return {};
}

Result<void> Reader::read_item(Element& element, std::uint32_t length, Scope scope,
                               const DataSet& around) {
  scope.is_delimited = length == undefined_length;
  if (!scope.is_delimited) scope.end = input_.offset() + length;
  TRY(const bool has_element, input_.has(8));
  if (has_element && scope.end - input_.offset() >= 8) {
    scope.encoding.form =
        shown_form({input_.data(), 8}, scope.encoding, scope.end - input_.offset() - 8);
  }
  DataSet& item = element.items.emplace_back();
  item.character_set = around.character_set;
  return read_elements(item, scope);
}

}  // namespace lightbox::dicom
