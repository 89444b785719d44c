#pragma once

// What an archive tells of a study without sending its images: what it is asked for, what of its
// answers is kept, and the answers of three levels put together as one instance's. Everything is
// compact DICOM JSON (PS3.18 annex F) in the order of tags, without what has no value. Pure.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dicom/data_set.h"
#include "pacs/remote_archive.h"
#include "query/level.h"

namespace lightbox::pacs {

// What is asked for of studies and their patients (Level::study), or of series: what the mapping
// reads, and what every search answers (PS3.18 10.6.3.3). In ascending order. Of instances nothing
// is asked that an archive would have to look up in their files.
[[nodiscard]] std::vector<dicom::Tag> asked_tags(query::Level level);

// A result of a search for studies.
[[nodiscard]] RemoteStudy study_of(const dicom::DataSet& result, Wanted wanted);

// A result of a search for series or for instances: the attributes of objects among it. Private
// ones are not, nor what is counted, or says where to retrieve.
[[nodiscard]] std::string told_by(const dicom::DataSet& result);

// A study's levels. Views are copied; the study must outlive it.
class StudyDescription {
 public:
  explicit StudyDescription(const RemoteStudy& study) : study_(study) {}

  // What is told of a series. Of the same again the first one counts.
  void add_series(const std::string& told);

  // Whether that of an instance's series is there.
  [[nodiscard]] bool has_series_of(std::string_view told) const;

  // All of an instance: what is told of it, and of its series and study what it does not tell
  // itself; with its four UIDs. `series_uid`: where it does not tell that. nullopt when one of the
  // four is no UID, or its study is another one.
  [[nodiscard]] std::optional<std::string> instance(std::string_view told,
                                                    std::string_view series_uid = {}) const;

 private:
  const RemoteStudy& study_;
  std::map<std::string, std::string, std::less<>> series_;
};

}  // namespace lightbox::pacs
