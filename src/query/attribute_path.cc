#include <algorithm>
#include <fmt/format.h>

#include "dicom/dictionary.h"
#include "query/criterion.h"

namespace lightbox::query {
namespace {

constexpr std::size_t path_length_max = 8;
constexpr std::size_t shown_bytes_max = 64;

std::optional<dicom::Tag> tag_named(std::string_view name) {
  if (const auto tag = dicom::tag_of(name)) return tag;
  if (const auto entry = dicom::find_keyword(name)) return entry->tag;
  return std::nullopt;
}

}  // namespace

dicom::Vr vr_of(dicom::Tag tag) {
  const auto entry = dicom::find_tag(tag);
  return entry ? entry->vr : dicom::Vr::UN;
}

Result<AttributePath> parse_path(std::string_view text) {
  AttributePath path;
  std::string_view rest = text;
  while (true) {
    const auto end = std::min(rest.find('.'), rest.size());
    const std::string_view name = rest.substr(0, end);
    const auto tag = tag_named(name);
    if (!tag || dicom::group_of(*tag) < 0x0008) {
      return problem(ProblemKind::invalid, "value",
                     fmt::format("'{}' is no attribute: neither the keyword of one nor a tag of "
                                 "eight hexadecimal digits",
                                 name.substr(0, shown_bytes_max)));
    }
    if (path.tags.size() == path_length_max) {
      return problem(ProblemKind::invalid, "value",
                     fmt::format("'{}' is too deep: {} levels at most",
                                 text.substr(0, shown_bytes_max), path_length_max));
    }
    if (!path.tags.empty() && vr_of(path.tags.back()) != dicom::Vr::SQ) {
      return problem(ProblemKind::invalid, "value",
                     fmt::format("{} in '{}' is no sequence", dicom::display_of(path.tags.back()),
                                 text.substr(0, shown_bytes_max)));
    }
    path.tags.push_back(*tag);
    if (end == rest.size()) return path;
    rest.remove_prefix(end + 1);
  }
}

std::string text_of(const AttributePath& path) {
  std::string text;
  for (const dicom::Tag tag : path.tags) {
    if (!text.empty()) text += '.';
    const auto entry = dicom::find_tag(tag);
    text += entry ? std::string(entry->keyword) : dicom::text_of(tag);
  }
  return text;
}

}  // namespace lightbox::query
