// What the index keeps of an instance for the mapping.

#include <limits>

#include "ingest/mapping.h"
#include "ingest/mapping_attribute.h"
#include "ingest/mapping_rules.h"
#include "ingest/mapping_tags.h"
#include "ingest/mapping_values.h"

namespace lightbox::ingest {
namespace {

// Image Type says with its third value and those after what an image is (PS3.3 C.7.6.1.1.2).
std::string image_type(const dicom::DataSet& data_set) {
  constexpr std::size_t common_values = 2;
  const auto values = data_set.texts(tags::ImageType);
  std::string text;
  for (std::size_t i = common_values; i < values.size(); ++i) {
    const std::string value = clean_text(values[i]).text;
    if (value.empty()) continue;
    if (!text.empty()) text.push_back('\\');
    text += value;
  }
  return text;
}

}  // namespace

std::string title_of(const dicom::DataSet& data_set) {
  std::string title = clean_text(data_set.text(tags::DocumentTitle)).text;
  if (title.empty()) {
    const auto& names = data_set.items(tags::ConceptNameCodeSequence);
    if (!names.empty()) title = clean_text(names[0].text(tags::CodeMeaning)).text;
  }
  if (title.empty()) title = clean_text(data_set.text(tags::ContentLabel)).text;
  if (title.empty()) title = image_type(data_set);
  return title;
}

dicom::Tag rule::title_attribute(std::string_view sop_class_uid) {
  constexpr std::string_view storage = "1.2.840.10008.5.1.4.1.1.";
  if (!sop_class_uid.starts_with(storage)) return tags::ImageType;
  sop_class_uid.remove_prefix(storage.size());
  if (sop_class_uid.starts_with("104.")) return tags::DocumentTitle;
  if (sop_class_uid.starts_with("88.")) return tags::ConceptNameCodeSequence;
  if (sop_class_uid.starts_with("11.")) return tags::ContentLabel;
  return tags::ImageType;
}

std::optional<std::int64_t> number_of(const dicom::DataSet& data_set, dicom::Tag tag) {
  const auto number = data_set.integer(tag);
  if (!number || *number < 0 || *number > std::numeric_limits<std::int32_t>::max())
    return std::nullopt;
  return number;
}

}  // namespace lightbox::ingest
