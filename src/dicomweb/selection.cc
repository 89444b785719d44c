#include "dicomweb/selection.h"

#include <charconv>
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

Result<std::vector<std::uint32_t>> frame_list(std::string_view text) {
  std::vector<std::uint32_t> frames;
  std::string_view rest = text;
  while (true) {
    const std::string_view item = rest.substr(0, rest.find(','));
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(item.data(), item.data() + item.size(), number);
    if (error != std::errc{} || end != item.data() + item.size() || number == 0) {
      return problem(ProblemKind::invalid,
                     fmt::format("'{}' is no list of frames: it must be numbers from 1 on, with "
                                 "commas between them",
                                 text));
    }
    frames.push_back(number);
    if (item.size() == rest.size()) return frames;
    rest.remove_prefix(item.size() + 1);
  }
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
