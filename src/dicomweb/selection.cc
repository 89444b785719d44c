#include "dicomweb/selection.h"

#include <fmt/format.h>

#include "dicom/part10.h"

namespace lightbox::dicomweb {

Result<store::DicomSelection> selection_of(const Call& call) {
  const auto capture = [&](std::size_t index) {
    return index < call.captures.size() ? call.captures[index] : std::string();
  };
  store::DicomSelection selection{
      .study_uid = capture(0), .series_uid = capture(1), .sop_instance_uid = capture(2)};
  for (const std::string* uid :
       {&selection.study_uid, &selection.series_uid, &selection.sop_instance_uid}) {
    if (uid->empty() || dicom::is_uid(*uid, dicom::UidRule::lenient)) continue;
    return problem(
        ProblemKind::invalid,
        fmt::format("'{}' in the URL is no UID: digits and dots, 64 characters at most", *uid));
  }
  return selection;
}

std::string url_of(std::string_view base, const store::DicomSelection& selection) {
  return url_of(base, selection.study_uid, selection.series_uid, selection.sop_instance_uid);
}

std::string url_of(std::string_view base, std::string_view study_uid, std::string_view series_uid,
                   std::string_view sop_instance_uid) {
  std::string url(base);
  url.append("/studies/").append(study_uid);
  if (!series_uid.empty()) url.append("/series/").append(series_uid);
  if (!sop_instance_uid.empty()) url.append("/instances/").append(sop_instance_uid);
  return url;
}

}  // namespace lightbox::dicomweb
