#pragma once

// What merging a patient into another writes: pure reading of the store, until somebody commits it.
//
//   source    active false, link replaced-by the target
//   target    link replaces the source, and the source's identifiers that it lacks, as old ones
//   others    what refers to the source refers to the target; not where it names a version of it
//   identity  what DICOM knows the source by is the target from now on, but says nothing of it

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "fhir/index.h"
#include "store/dicom_index.h"
#include "store/store.h"

namespace lightbox::imaging {

struct MergePlan {
  std::vector<store::Operation> operations;  // each with the version that it was made of
  std::vector<store::Identity> identities;
  std::vector<std::string> changed_studies;           // to be projected again
  std::map<std::string_view, std::size_t> referring;  // how many of each type are rewritten
  std::string target;                                 // as it is then, whole, as JSON

  [[nodiscard]] bool is_empty() const { return operations.empty() && identities.empty(); }
};

struct MergeContext {
  store::Store& store;
  const fhir::IndexOptions& index;
  const Limits& limits;
};

// `unprocessable` when one of them is not there or has been merged into somebody else, when they
// are the same, or when too many resources refer to the source. Merged into the same target before,
// only what has been left over or come since is in the plan.
Result<MergePlan> plan_merge(const MergeContext& context, const std::string& source,
                             const std::string& target);

}  // namespace lightbox::imaging
