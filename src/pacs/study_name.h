#pragma once

// What names studies, whatever their date: a Study Instance UID, or an accession number. Pure.

#include <algorithm>
#include <string>

#include "dicom/data_set.h"
#include "dicom/part10.h"
#include "query/level.h"

namespace lightbox::pacs {

struct StudyName {
  std::string study_uid = {};
  std::string accession_number = {};  // where there is no UID

  auto operator<=>(const StudyName&) const = default;

  // It becomes a key of queries: a UID that is one, or an accession number that is no pattern.
  [[nodiscard]] bool is_plausible() const {
    if (!study_uid.empty()) return dicom::is_uid(study_uid, dicom::UidRule::lenient);
    constexpr std::size_t bytes_max = 64;
    return !accession_number.empty() && accession_number.size() <= bytes_max &&
           std::ranges::none_of(accession_number, [](char c) {
             return static_cast<unsigned char>(c) < ' ' || c == '*' || c == '?' || c == '\\';
           });
  }
};

// Whether a result of a search has that name: archives may show others, too.
[[nodiscard]] inline bool has_name(const dicom::DataSet& result, const StudyName& name) {
  const std::string_view uid = result.first(dicom::tags::StudyInstanceUID);
  if (!name.study_uid.empty()) return uid == name.study_uid;
  return !uid.empty() && result.text(query::tags::AccessionNumber) == name.accession_number;
}

}  // namespace lightbox::pacs
