#include "dimse/availability.h"

#include <algorithm>
#include <fmt/format.h>

#include "dicom/part10.h"
#include "query/level.h"

namespace lightbox::dimse {
namespace {

namespace tags = dicom::tags;

void add_titles(const dicom::DataSet& instance, std::vector<std::string>& titles) {
  for (std::string& title : instance.texts(query::tags::RetrieveAETitle)) {
    if (!title.empty() && std::ranges::find(titles, title) == titles.end()) {
      titles.push_back(std::move(title));
    }
  }
}

}  // namespace

Result<AvailabilityNotice> parse_availability(std::string_view data_set,
                                              std::string_view transfer_syntax,
                                              const Limits& limits) {
  dicom::MemorySource source(data_set);
  TRY(const auto object, dicom::Part10::read(source, limits, transfer_syntax));
  const dicom::DataSet& notification = object.data_set();
  AvailabilityNotice notice{.calling_ae_title = {},
                            .study_uid = std::string(notification.first(tags::StudyInstanceUID)),
                            .retrieve_ae_titles = {}};
  if (!dicom::is_uid(notice.study_uid, dicom::UidRule::lenient)) {
    return problem(
        ProblemKind::invalid,
        fmt::format("(0020,000D) Study Instance UID is '{}'; it must be a UID", notice.study_uid));
  }
  for (const auto& series : notification.items(tags::ReferencedSeriesSequence)) {
    for (const auto& instance : series.items(tags::ReferencedSOPSequence)) {
      add_titles(instance, notice.retrieve_ae_titles);
    }
  }
  return notice;
}

}  // namespace lightbox::dimse
