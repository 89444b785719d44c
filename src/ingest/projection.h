#pragma once

// One study on its way from rows to resources: read, map, merge, commit (design, "Three flows").
//
//   rows -> StudyFacts -> Patient ---+
//                      -> Endpoint --+-> one transaction, which also takes the study's mark back
//                      -> ImagingStudy
//
// study_plan.h says which resources these are and what they are to say. A study without instances
// is withdrawn: what the archive made goes; what a client had made before stays, as a study of
// which there are no images here.

#include <string>
#include <string_view>
#include <vector>

#include "ingest/mapping.h"
#include "ingest/projector.h"

namespace lightbox::ingest {

struct Projected {
  enum class Outcome : std::uint8_t {
    done,
    overtaken,  // somebody wrote one of the resources meanwhile: nothing was written; to be tried
                // again
  };
  Outcome outcome = Outcome::done;
  // Studies that have been marked changed by it: a patient's facts come from them now.
  std::vector<std::string> marked = {};
};
// What makes a resource impossible is a problem in the list, and the study is done until it
// changes. not_found when the archive has no row of the study; else as Store::commit.
Result<Projected> project_study(store::Store& store, const ProjectorOptions& options,
                                std::string_view study_uid);

}  // namespace lightbox::ingest
