#include "pacs/description.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <ranges>

#include "dicom/json.h"
#include "dicom/json_members.h"
#include "dicom/part10.h"
#include "ingest/mapping.h"
#include "pacs/window.h"
#include "query/answer.h"

namespace lightbox::pacs {
namespace {

using dicom::DataSet;
using dicom::Element;
using dicom::JsonMember;
using dicom::Tag;
using query::Level;
namespace tags = query::tags;

// Of those that no object has, the ones that tell whether a study has changed.
bool is_kept_of_study(Tag tag) {
  return !query::is_derived(tag) || tag == tags::ModalitiesInStudy ||
         tag == tags::NumberOfStudyRelatedSeries || tag == tags::NumberOfStudyRelatedInstances;
}

bool is_of_object(Tag tag) {
  return dicom::group_of(tag) >= 0x0008 && !dicom::is_private(tag) && !query::is_derived(tag) &&
         tag != tags::SpecificCharacterSet && tag != tags::QueryRetrieveLevel;
}

// Whether append_json would write more than its VR, at any depth.
bool has_value(const Element& element) {
  if (element.vr == dicom::Vr::SQ) {
    return std::ranges::any_of(element.items, [](const DataSet& item) {
      return std::ranges::any_of(item.elements, has_value);
    });
  }
  if (!dicom::is_text(element.vr)) return !element.value.empty();
  const std::string_view nothing =
      element.vr == dicom::Vr::PN ? std::string_view("\0 \\=", 4) : std::string_view("\0 \\", 3);
  return element.value.find_first_not_of(nothing) != element.value.npos;
}

std::string json_of(const DataSet& data_set, bool (*is_kept)(Tag)) {
  const auto includes = [&](Tag tag) {
    const Element* element = is_kept(tag) ? data_set.find(tag) : nullptr;
    return element != nullptr && has_value(*element);
  };
  std::string json;
  dicom::append_json(data_set, {.includes = includes}, json);
  return json;
}

bool is_of_study(Tag tag) {
  static const std::vector<Tag> asked = asked_tags(Level::study);
  return ingest::is_mapped(tag) || std::ranges::binary_search(asked, tag);
}

// The modalities are a set, which an archive may tell in any order.
std::string attributes_of(const DataSet& result) {
  auto modalities = result.texts(tags::ModalitiesInStudy);
  std::ranges::sort(modalities);
  const std::string sorted = fmt::format("{}", fmt::join(modalities, "\\"));
  DataSet told = result;
  const auto found = std::ranges::find(told.elements, tags::ModalitiesInStudy, &Element::tag);
  if (found != told.elements.end()) found->value = sorted;
  return json_of(told, is_of_study);
}

std::string value_of(std::string_view object, Tag tag) {
  const auto member = dicom::find_member(object, tag);
  return member ? dicom::values_of(*member) : std::string();
}

void add_members(std::string_view object, std::vector<JsonMember>& members) {
  dicom::JsonMembers reader(object);
  while (const auto member = reader.next()) {
    if (is_of_object(member->tag)) members.push_back(*member);
  }
}

}  // namespace

std::vector<Tag> asked_tags(Level level) {
  std::vector<Tag> asked = ingest::mapped_tags(level);
  if (level == Level::study) {
    std::ranges::copy(ingest::mapped_tags(Level::patient), std::back_inserter(asked));
  }
  for (const query::Wanted& wanted : query::required_attributes(level, false, false)) {
    if (is_kept_of_study(wanted.tag)) asked.push_back(wanted.tag);
  }
  std::ranges::sort(asked);
  const auto doubled = std::ranges::unique(asked);
  asked.erase(doubled.begin(), doubled.end());
  return asked;
}

RemoteStudy study_of(const DataSet& result, Wanted wanted) {
  const auto instances = result.integer(tags::NumberOfStudyRelatedInstances);
  const auto day = parse_day(result.first(tags::StudyDate));
  return {.uid = std::string(result.first(tags::StudyInstanceUID)),
          .instances = instances && *instances >= 0
                           ? std::optional(static_cast<std::uint64_t>(*instances))
                           : std::nullopt,
          .date = day ? da_of(*day) : "",
          .attributes = wanted == Wanted::attributes ? attributes_of(result) : ""};
}

std::string told_by(const DataSet& result) { return json_of(result, is_of_object); }

void StudyDescription::add_series(const std::string& told) {
  series_.emplace(value_of(told, tags::SeriesInstanceUID), told);
}

bool StudyDescription::has_series_of(std::string_view told) const {
  return series_.contains(value_of(told, tags::SeriesInstanceUID));
}

std::optional<std::string> StudyDescription::instance(std::string_view told,
                                                      std::string_view series_uid) const {
  const std::string sop_class = value_of(told, tags::SOPClassUID);
  const std::string sop_instance = value_of(told, tags::SOPInstanceUID);
  const std::string study = value_of(told, tags::StudyInstanceUID);
  std::string series = value_of(told, tags::SeriesInstanceUID);
  if (series.empty()) series = series_uid;
  for (const std::string& uid : {sop_class, sop_instance, study_.uid, series}) {
    if (!dicom::is_uid(uid, dicom::UidRule::lenient)) return std::nullopt;
  }
  if (!study.empty() && study != study_.uid) return std::nullopt;
  const std::string uids = fmt::format(R"({{"00080016":{{"vr":"UI","Value":["{}"]}},)"
                                       R"("00080018":{{"vr":"UI","Value":["{}"]}},)"
                                       R"("0020000D":{{"vr":"UI","Value":["{}"]}},)"
                                       R"("0020000E":{{"vr":"UI","Value":["{}"]}}}})",
                                       sop_class, sop_instance, study_.uid, series);
  // Of several with the same tag the first one stays.
  std::vector<JsonMember> members;
  add_members(uids, members);
  add_members(told, members);
  const auto of_series = series_.find(series);
  if (of_series != series_.end()) add_members(of_series->second, members);
  add_members(study_.attributes, members);
  std::ranges::stable_sort(members, {}, &JsonMember::tag);
  const auto doubled = std::ranges::unique(members, {}, &JsonMember::tag);
  members.erase(doubled.begin(), doubled.end());
  return fmt::format("{{{}}}", fmt::join(members | std::views::transform(&JsonMember::text), ","));
}

}  // namespace lightbox::pacs
