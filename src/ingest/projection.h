#pragma once

// One study on its way from rows to resources: read, map, merge, commit (design, "Three flows").
//
//   rows -> StudyFacts -> Patient ---+
//                      -> Endpoint --+-> one transaction, which also takes the study's mark back
//                      -> ImagingStudy
//
// Which resource is written is what identity rows say. Where there is none, what a client made
// earlier with the same identifier is adopted, and two such are a problem that is listed, never
// resolved silently (design, decision 1).

#include <string>
#include <string_view>
#include <vector>

#include "ingest/mapping.h"
#include "ingest/projector.h"

namespace lightbox::ingest {

enum class Projected : std::uint8_t {
  done,
  overtaken,  // somebody wrote one of the resources meanwhile: nothing was written; to be tried
              // again
};
// not_found when the archive has no row of the study; else as Store::commit.
Result<Projected> project_study(store::Store& store, const ProjectorOptions& options,
                                std::string_view study_uid);

}  // namespace lightbox::ingest
